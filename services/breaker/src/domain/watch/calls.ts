/** Calls of one agent between their proposal and their outcome: an outcome names the call alone. */
import type { IntentId } from '@estop/schemas/ids';
import type { IntentProposed, Tier } from '@estop/schemas/messages';

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
  readonly targets: readonly string[];
  /** Its proposal was seen by the detectors. */
  readonly isCounted: boolean;
  /** It was allowed, and came to no end so far. */
  readonly isWaiting: boolean;
}

/** Oldest first. */
export type Calls = Map<IntentId, Call>;

export function keepCall(calls: Calls, { intent, digest, tier, targets }: IntentProposed): Call {
  const { intentId, tool, sessionId } = intent;
  const session = sessionId ?? '';
  const aimed = { targets: targets.slice(0, TARGETS_MAX), isCounted: false, isWaiting: false };
  const call = { intentId, session, tool, tier, digest, ...aimed };
  calls.set(intentId, call);
  for (const oldest of calls.keys()) {
    if (calls.size <= CALLS_MAX) break;
    calls.delete(oldest);
  }
  return call;
}

export function takeCall(calls: Calls, intentId: IntentId): Call | undefined {
  const call = calls.get(intentId);
  calls.delete(intentId);
  return call;
}

export function markWaiting(calls: Calls, intentId: IntentId): void {
  const call = calls.get(intentId);
  if (call !== undefined) calls.set(intentId, { ...call, isWaiting: true });
}

export function countWaitingCalls(calls: Calls): number {
  let waiting = 0;
  for (const { isWaiting } of calls.values()) if (isWaiting) waiting += 1;
  return waiting;
}
