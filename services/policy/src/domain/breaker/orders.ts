/** Orders about a breaker: the breaker service trips it, a person re-arms it. */
import type { CommandBody } from '@estop/schemas/messages';
import { type CommandResult, done, refuse } from '../command-result.ts';
import { EVIDENCE_CHARS_MAX, EXPLANATION_CHARS_MAX, SIGNAL_CHARS_MAX } from '../limits.ts';
import type { Breaker } from './breaker.ts';
import { change } from './changes.ts';

type TripOrder = Extract<CommandBody, { readonly type: 'TripBreaker' }>;

/** A trip makes a breaker stricter, or as strict for longer; never milder. */
export function tripBreaker(breaker: Breaker, order: TripOrder, atMs: number): CommandResult {
  const problem = tooLong(order);
  if (problem !== null) return refuse('invalid', problem);
  const { mode, signal, explanation, evidence } = order;
  const isOpen = breaker.mode === 'open';
  if (mode === 'step-up' && (isOpen || breaker.mode === 'half-open')) {
    return refuse('conflict', `the breaker is ${breaker.mode}, which lets less through already`);
  }
  const until = breaker.mode === mode ? later(breaker.untilMs, order.until) : order.until;
  const cause = mode === 'open' ? 'tripped' : 'stepped-up';
  const why = { signal, explanation, evidence };
  return done([change(breaker, atMs, { to: mode, cause, until, ...why })]);
}

function tooLong({ signal, explanation, evidence }: TripOrder): string | null {
  if (signal.length > SIGNAL_CHARS_MAX) return `a signal has up to ${SIGNAL_CHARS_MAX} characters`;
  if (explanation.length > EXPLANATION_CHARS_MAX) {
    return `an explanation has up to ${EXPLANATION_CHARS_MAX} characters`;
  }
  return (evidence?.length ?? 0) > EVIDENCE_CHARS_MAX
    ? `evidence has up to ${EVIDENCE_CHARS_MAX} characters`
    : null;
}

/** Null: not by itself, which is later than any time. */
function later(one: number | null, other: number | null): number | null {
  return one === null || other === null ? null : Math.max(one, other);
}

/** Also of one that is closed: whoever says so pays for kills that it was not tried for yet. */
export function rearmBreaker(
  breaker: Breaker,
  { by, reason }: { readonly by: string; readonly reason: string | null },
  atMs: number,
): CommandResult {
  if (reason === null || reason.trim() === '') {
    return refuse('invalid', 'say why it is safe to go on: re-arming takes a reason');
  }
  // Half of a surrogate pair would come back from the log as another character.
  const explanation = `re-armed by ${by}: ${reason}`
    .slice(0, EXPLANATION_CHARS_MAX)
    .replace(/[\uD800-\uDBFF]$/, '');
  const event = change(breaker, atMs, { to: 'closed', cause: 'rearmed', opens: 0, explanation });
  return done([event]);
}
