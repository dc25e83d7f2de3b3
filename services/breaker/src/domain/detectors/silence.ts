/**
 * An agent that stops mid-task: calls of it were let through, and nothing came of them. One that
 * does not report outcomes is never silent: nobody hears of it anyway.
 */
import { F64, read, USUAL_DURATION } from '../state/layout.ts';
import { type Context, isOn, mayTell, TOLD_SILENCE } from './context.ts';
import { reportsOutcomes } from './ratio.ts';
import { NEWEST, shown } from './shown.ts';

/** Shorter than the time after which a call counts as lost, and longer than most tools take. */
const SILENCE_MIN_MS = 600_000;
/** This many times what one call of 100 takes. */
const FACTOR = 16;
const TOLD_MINUTES = 60;

/** Notes that a call was let through (+1) or came to an end (-1). */
export function countWaiting({ state, at }: Context, change: 1 | -1): void {
  const waiting = Math.max(0, read(state.f64, F64.waiting) + change);
  state.f64[F64.waiting] = waiting;
  state.f64[F64.waitingSince] = at;
}

export function checkSilence(context: Context): void {
  const { state, at } = context;
  const waiting = read(state.f64, F64.waiting);
  if (waiting === 0 || !isOn(context, 'silence') || !reportsOutcomes(state)) return;
  const usual = read(state.f32, USUAL_DURATION);
  const high = Math.max(SILENCE_MIN_MS, FACTOR * usual);
  const silentMs = at - read(state.f64, F64.waitingSince);
  if (silentMs <= high || !mayTell(state, TOLD_SILENCE, TOLD_MINUTES)) return;
  context.findings.push({
    at,
    signal: 'silence',
    rule: 'silence',
    kind: 'statistical',
    tier: null,
    windowMs: silentMs,
    expected: { low: 0, high },
    observed: silentMs,
    evidence: '1e-3',
    sentence:
      `nothing was heard for ${Math.floor(silentMs / 1_000)} s while ${waiting} calls ` +
      `wait for their outcome; ${Math.ceil(high / 1_000)} s are usual at most`,
    calls: shown(state, NEWEST),
  });
}
