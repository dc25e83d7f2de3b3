/**
 * The breaker's seat in the state of one agent (DESIGN §5, step 4), and what events do to it. Its
 * values are never changed in place: agents that never tripped share one.
 */
import type { HaltId, IntentId } from '@estop/schemas/ids';
import type {
  BreakerCause,
  BreakerChanged,
  BreakerState,
  HaltScope,
} from '@estop/schemas/messages';

/** A call that was let through to see whether the agent behaves. */
export interface Probe {
  readonly intentId: IntentId;
  /** Without an outcome by then it has failed, ms. */
  readonly untilMs: number;
  readonly passed: boolean;
}

export interface Breaker {
  readonly mode: BreakerState;
  /** Null: closed since the beginning. */
  readonly sinceMs: number | null;
  /** When an open one is tried with probes, or a step-up ends; null: not by itself. */
  readonly untilMs: number | null;
  /** How often it opened, each time less than `OPENS_AGE_MS` after the time before. */
  readonly opens: number;
  readonly openedMs: number | null;
  /** In flight or passed, at most `PROBES_MAX`; only of one that is half-open. */
  readonly probes: readonly Probe[];
  readonly cause: BreakerCause | null;
  readonly signal: string | null;
  readonly explanation: string | null;
  /** Number of the record that last made it half-open or re-armed it: kills over by then are paid. */
  readonly triedSeq: number;
  /** How mild it may become by itself; null: closed. Only of one that is open or half-open. */
  readonly floor: StepUp | null;
  /** It was open: destructive and financial calls wait until a person re-arms it. */
  readonly isHeld: boolean;
  /** It opened so often that whoever tripped it proposes a kill. */
  readonly proposesKill: boolean;
}

/** A step-up over which something stricter has passed: it holds again when that closes. */
export interface StepUp {
  readonly untilMs: number | null;
  readonly signal: string | null;
  readonly explanation: string;
}

/** A kill that is over: whom it covered must be tried before it goes on as before. */
export interface EndedKill {
  readonly scope: HaltScope;
  readonly haltId: HaltId;
  readonly epoch: number;
  /** Who ended it. */
  readonly by: string;
  /** Number of the record that says so. */
  readonly seq: number;
}

export const NEVER_TRIPPED: Breaker = {
  mode: 'closed',
  sinceMs: null,
  untilMs: null,
  opens: 0,
  openedMs: null,
  probes: [],
  cause: null,
  signal: null,
  explanation: null,
  triedSeq: -1,
  floor: null,
  isHeld: false,
  proposesKill: false,
};

export function passedOf({ probes }: Pick<Breaker, 'probes'>): number {
  return probes.filter(({ passed }) => passed).length;
}

/** `at` and `seq` are those of the record that holds the event. */
export function changed(
  before: Breaker,
  event: BreakerChanged,
  { at, seq }: { readonly at: number; readonly seq: number },
): Breaker {
  const { to, until, opens, cause, signal, explanation } = event;
  const isRearmed = cause === 'rearmed';
  return {
    mode: to,
    sinceMs: at,
    untilMs: until,
    opens,
    openedMs: to === 'open' ? at : before.openedMs,
    probes: [],
    cause,
    signal,
    explanation,
    triedSeq: to === 'half-open' || isRearmed ? seq : before.triedSeq,
    floor: to === 'open' || to === 'half-open' ? floorOf(before) : null,
    isHeld: !isRearmed && (before.isHeld || to === 'open'),
    proposesKill: !isRearmed && (before.proposesKill || event.proposesKill),
  };
}

function floorOf({ mode, floor, untilMs, signal, explanation }: Breaker): StepUp | null {
  return mode === 'step-up' ? { untilMs, signal, explanation: explanation ?? '' } : floor;
}

/** Whatever is allowed while it is half-open is a probe. */
export function withProbe(breaker: Breaker, intentId: IntentId, untilMs: number): Breaker {
  return { ...breaker, probes: [...breaker.probes, { intentId, untilMs, passed: false }] };
}

/** A probe that was cancelled says nothing, and leaves its place to another. */
export function withOutcome(
  breaker: Breaker,
  intentId: IntentId,
  status: 'ok' | 'cancelled',
): Breaker {
  const probes = breaker.probes.flatMap((probe): readonly Probe[] => {
    if (probe.intentId !== intentId) return [probe];
    return status === 'ok' ? [{ ...probe, passed: true }] : [];
  });
  return { ...breaker, probes };
}

/** When something of it runs out first, ms; infinity when nothing does. */
export function breakerDueMs({ untilMs, probes }: Breaker): number {
  const open = probes.filter(({ passed }) => !passed).map((probe) => probe.untilMs);
  return Math.min(untilMs ?? Number.POSITIVE_INFINITY, ...open);
}
