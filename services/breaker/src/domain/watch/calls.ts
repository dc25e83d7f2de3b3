/** Calls of one agent between their proposal and their outcome: an outcome names the call alone. */
import type { IntentId } from '@estop/schemas/ids';
import type { Tier } from '@estop/schemas/messages';
import type { WatchedProposal } from './watched-event.ts';

/** Calls remembered; of more than these the outcomes of the oldest are told of nobody. */
export const CALLS_MAX = 256;
/** A call that aims at more counts as one that aims at these. */
const TARGETS_MAX = 64;

export interface Call {
  readonly intentId: IntentId;
  readonly session: string;
  readonly tool: string;
  readonly tier: Tier;
  readonly digest: string;
  /** None any more when they were counted. */
  targets: readonly string[];
  /** Its proposal was seen by the detectors. */
  isCounted: boolean;
  /** It was allowed, and came to no end so far. */
  isWaiting: boolean;
}

/** Oldest first. */
export type Calls = Map<IntentId, Call>;

export function keepCall(calls: Calls, proposal: WatchedProposal): void {
  const { intent, digest, tier, targets } = proposal;
  const { intentId, tool, sessionId } = intent;
  calls.set(intentId, {
    intentId,
    session: sessionId ?? '',
    tool,
    tier,
    digest,
    targets: targets.slice(0, TARGETS_MAX),
    isCounted: false,
    isWaiting: false,
  });
  if (calls.size <= CALLS_MAX) return;
  for (const oldest of calls.keys()) {
    calls.delete(oldest);
    break;
  }
}

/** Its proposal is seen now; answers what it aims at. */
export function countCall(call: Call): readonly string[] {
  const { targets } = call;
  call.targets = [];
  call.isCounted = true;
  return targets;
}

export function takeCall(calls: Calls, intentId: IntentId): Call | undefined {
  const call = calls.get(intentId);
  calls.delete(intentId);
  return call;
}

export function markWaiting(calls: Calls, intentId: IntentId): void {
  const call = calls.get(intentId);
  if (call !== undefined) call.isWaiting = true;
}

export function countWaitingCalls(calls: Calls): number {
  let waiting = 0;
  for (const { isWaiting } of calls.values()) if (isWaiting) waiting += 1;
  return waiting;
}
