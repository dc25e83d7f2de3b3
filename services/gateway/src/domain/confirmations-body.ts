/** Who has confirmed a halt, as HTTP shows it. Times are whole ms: rounded up, never too good. */

/** What became of one point since a halt was said. */
export type Confirmation =
  | { readonly point: string; readonly state: 'confirmed'; readonly afterMs: number }
  /** It lets nothing through any more: its lease is over, and it cannot have a new one unheard. */
  | { readonly point: string; readonly state: 'fenced'; readonly afterMs: number }
  | { readonly point: string; readonly state: 'silent'; readonly fencedInMs: number };

export interface ConfirmationsBody {
  readonly points: number;
  readonly confirmed: number;
  /** Until the slowest of those had it; null: none has. */
  readonly confirmedInMs: number | null;
  readonly silent: number;
  /** Until the last silent point's lease is over; null: none is silent. */
  readonly fencedInMs: number | null;
  readonly byPoint: readonly {
    readonly point: string;
    readonly state: Confirmation['state'];
    readonly ms: number;
  }[];
}

export function confirmationsBody(confirmations: readonly Confirmation[]): ConfirmationsBody {
  const byPoint = confirmations.map((one) => {
    const { point, state } = one;
    return { point, state, ms: Math.ceil(state === 'silent' ? one.fencedInMs : one.afterMs) };
  });
  const msOf = (state: Confirmation['state']): readonly number[] =>
    byPoint.filter((one) => one.state === state).map(({ ms }) => ms);
  const confirmed = msOf('confirmed');
  const silent = msOf('silent');
  return {
    points: byPoint.length,
    confirmed: confirmed.length,
    confirmedInMs: confirmed.length === 0 ? null : Math.max(...confirmed),
    silent: silent.length,
    fencedInMs: silent.length === 0 ? null : Math.max(...silent),
    byPoint,
  };
}
