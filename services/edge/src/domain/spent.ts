/** Permits that were used: each is good once, as long as any permit of its intent can be good. */

/** More than a door can use within the life of its permits. */
const SPENT_MAX = 200_000;

/** `full`: so many are remembered that no more can be; the call must not run. */
export type Spending = 'first-use' | 'spent-before' | 'full';

export interface SpentPermits {
  /** Remembers a permit until a time, in the same moment. */
  spend(id: string, untilMs: number, nowMs: number): Spending;
}

/** For as long as the process lives. */
export class SpentInMemory implements SpentPermits {
  /** Until when each is remembered, ms. */
  readonly #untilById = new Map<string, number>();

  spend(id: string, untilMs: number, nowMs: number): Spending {
    const known = this.#untilById.get(id);
    if (known !== undefined && known > nowMs) return 'spent-before';
    if (this.#untilById.size >= SPENT_MAX) this.#forget(nowMs);
    if (this.#untilById.size >= SPENT_MAX) return 'full';
    this.#untilById.set(id, untilMs);
    return 'first-use';
  }

  #forget(nowMs: number): void {
    for (const [id, untilMs] of this.#untilById) {
      if (untilMs <= nowMs) this.#untilById.delete(id);
    }
  }
}
