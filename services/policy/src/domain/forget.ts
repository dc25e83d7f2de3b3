/**
 * What time alone takes away from an agent. It goes by the hours of the fold, that is by the times
 * of records and never by when somebody looked, so that the state rebuilt from the log is the live
 * one. Whatever is dropped here no decision could have seen any more, but for decided intents, which
 * are remembered for a bounded time.
 *
 * INVARIANT: forgetting for an hour takes all that forgetting for an earlier one would have taken.
 * So an agent that a snapshot brings back needs it once, for the hour the fold is in.
 */
import { forgetActivity } from './activity.ts';
import { DECIDED_AGE_MS, FORGETTING_MS } from './limits.ts';
import { isOver } from './rate-window.ts';
import type { AgentState } from './state.ts';

/** The beginning of the hour that forgetting goes by. */
export function forgettingMsOf(atMs: number): number {
  return atMs - (atMs % FORGETTING_MS);
}

export function forgetOld(agent: AgentState, atMs: number): void {
  const hourMs = forgettingMsOf(atMs);
  const { decidedById, rateById } = agent;
  for (const [intentId, decided] of decidedById) {
    if (decided.at >= hourMs - DECIDED_AGE_MS) break;
    decidedById.delete(intentId);
  }
  for (const [rateId, window] of rateById) if (isOver(window, hourMs)) rateById.delete(rateId);
  forgetActivity(agent.activity, hourMs);
}
