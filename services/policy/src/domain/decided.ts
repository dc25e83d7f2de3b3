/**
 * Decided intents as they are remembered: thousands per agent, so that what many of them share is
 * kept once, and the rest is kept in one small object.
 */
import type { IntentId } from '@estop/schemas/ids';
import type { Decision } from '@estop/schemas/messages';
import { KINDS_PER_TOOL_MAX, KINDS_TOOLS_MAX } from './limits.ts';
import type {
  AgentState,
  DecidedIntent,
  DecisionKind,
  DecisionKinds,
  PartitionState,
} from './state.ts';

export function decidedIntent(kinds: DecisionKinds, decision: Decision): DecidedIntent {
  const { sessionId, digest, at, approval, retryAfterMs, expiresAt, record } = decision;
  return {
    kind: sharedKind(kinds, decision),
    sessionId,
    digest,
    at,
    offset: record.offset,
    approval,
    retryAfterMs,
    expiresAt,
    outcome: null,
  };
}

/** The decision on an intent as it is now; undefined when the intent is not known (any more). */
export function decisionOn(
  { partition }: PartitionState,
  agent: AgentState,
  intentId: IntentId,
): Decision | undefined {
  const decided = agent.decidedById.get(intentId);
  if (decided === undefined) return agent.pendingById.get(intentId)?.decision;
  const { kind, offset } = decided;
  // One literal, so that all decisions have one shape.
  return {
    intentId,
    agentId: agent.id,
    sessionId: decided.sessionId,
    tool: kind.tool,
    tier: kind.tier,
    point: kind.point,
    decision: kind.decision,
    reason: kind.reason,
    message: kind.message,
    rules: kind.rules,
    policyHash: kind.policyHash,
    digest: decided.digest,
    at: decided.at,
    record: { partition, offset },
    approval: decided.approval,
    retryAfterMs: decided.retryAfterMs,
    expiresAt: decided.expiresAt,
    limits: NO_LIMITS,
  };
}

const NO_LIMITS: Decision['limits'] = [];

/** The kind that equals this one, kept once for all that are of it. */
export function sharedKind(kinds: DecisionKinds, decision: DecisionKind): DecisionKind {
  let known = kinds.get(decision.tool);
  if (known === undefined) {
    // Agents may name any tool: a table that is full of them starts anew.
    if (kinds.size >= KINDS_TOOLS_MAX) kinds.clear();
    known = [];
    kinds.set(decision.tool, known);
  }
  const same = known.find((kind) => isOfKind(decision, kind));
  if (same !== undefined) return same;
  const { tool, tier, point, decision: verdict, reason, message, rules, policyHash } = decision;
  const made = { tool, tier, point, decision: verdict, reason, message, rules, policyHash };
  if (known.length >= KINDS_PER_TOOL_MAX) known.shift();
  known.push(made);
  return made;
}

function isOfKind(decision: DecisionKind, kind: DecisionKind): boolean {
  return (
    decision.decision === kind.decision &&
    decision.reason === kind.reason &&
    decision.tier === kind.tier &&
    decision.point === kind.point &&
    decision.policyHash === kind.policyHash &&
    decision.message === kind.message &&
    decision.rules.length === kind.rules.length &&
    decision.rules.every((rule, index) => rule === kind.rules[index])
  );
}
