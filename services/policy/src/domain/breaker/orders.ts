/** Orders about a breaker: the breaker service trips it, a person re-arms it. */
import type { CommandBody } from '@estop/schemas/messages';
import { type CommandResult, done, refuse } from '../command-result.ts';
import { EVIDENCE_CHARS_MAX, EXPLANATION_CHARS_MAX, SIGNAL_CHARS_MAX } from '../limits.ts';
import { cut } from '../text.ts';
import type { Breaker } from './breaker.ts';
import { change } from './changes.ts';

type TripOrder = Extract<CommandBody, { readonly type: 'TripBreaker' }>;

/**
 * A trip makes a breaker stricter, or as strict for longer; never milder. Whatever it says of why, it
 * trips: words that are too long are cut.
 */
export function tripBreaker(breaker: Breaker, order: TripOrder, atMs: number): CommandResult {
  const { mode, evidence, proposesKill } = order;
  const isOpen = breaker.mode === 'open';
  if (mode === 'step-up' && (isOpen || breaker.mode === 'half-open')) {
    return refuse('conflict', `the breaker is ${breaker.mode}, which lets less through already`);
  }
  const until = breaker.mode === mode ? later(breaker.untilMs, order.until) : order.until;
  const cause = mode === 'open' ? 'tripped' : 'stepped-up';
  const why = {
    signal: cut(order.signal, SIGNAL_CHARS_MAX),
    explanation: cut(order.explanation, EXPLANATION_CHARS_MAX),
    evidence: evidence === null ? null : cut(evidence, EVIDENCE_CHARS_MAX),
  };
  return done([change(breaker, atMs, { to: mode, cause, until, proposesKill, ...why })]);
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
  const explanation = cut(`re-armed by ${by}: ${reason}`, EXPLANATION_CHARS_MAX);
  const event = change(breaker, atMs, { to: 'closed', cause: 'rearmed', opens: 0, explanation });
  return done([event]);
}
