/** Decisions, approvals and agents as HTTP and the event stream show them. */
import type { AgentId, IntentId } from '@estop/schemas/ids';
import type {
  Decision,
  Halt,
  LimitState,
  Reason,
  RecordPosition,
  Tier,
  Verdict,
} from '@estop/schemas/messages';

/** The answer to an intent. */
export interface DecisionBody {
  readonly intentId: IntentId;
  readonly decision: Verdict;
  readonly tier: Tier;
  readonly reason: Reason;
  readonly message: string;
  readonly rules: readonly string[];
  readonly policy: string | null;
  readonly at: number;
  readonly record: RecordPosition;
  /** The signed right to make the call once, at one enforcement point. */
  readonly permit?: string;
  /** Until when the permit is good, or an approval is waited for. */
  readonly expiresAt?: number;
  /** Until when amounts are held for an allowed call without an outcome. */
  readonly holdUntil?: number;
  /** For so long an enforcement point may make the same read again before it asks. */
  readonly readAgainMs?: number;
  readonly approval?: { readonly id: string; readonly digest: string; readonly expiresAt: number };
  readonly retryAfterMs?: number;
  readonly limits?: readonly LimitState[];
}

/** A decision that no vote or expiry will change. */
export function isFinal(decision: Decision): boolean {
  return decision.decision !== 'needs-approval';
}

export function decisionBody(
  decision: Decision,
  right: Pick<DecisionBody, 'permit' | 'expiresAt' | 'readAgainMs'> = {},
): DecisionBody {
  const { approval, digest, expiresAt, retryAfterMs, limits, record } = decision;
  const { partition, offset } = record;
  return {
    intentId: decision.intentId,
    decision: decision.decision,
    tier: decision.tier,
    reason: decision.reason,
    message: decision.message,
    rules: decision.rules,
    policy: decision.policyHash,
    at: decision.at,
    record: { partition, offset },
    ...untilOf(decision.decision, expiresAt),
    ...right,
    ...(approval === null
      ? {}
      : { approval: { id: approval.id, digest, expiresAt: approval.expiresAt } }),
    ...(retryAfterMs === null ? {} : { retryAfterMs }),
    ...(limits.length === 0 ? {} : { limits }),
  };
}

function untilOf(
  verdict: Verdict,
  until: number | null,
): Pick<DecisionBody, 'expiresAt' | 'holdUntil'> {
  if (until === null) return {};
  return verdict === 'allow' ? { holdUntil: until } : { expiresAt: until };
}

/** The same decision as what it is worth while a halt covers it: no. */
export function vetoed(decision: Decision, halt: Halt): Decision {
  const because = halt.reason === null ? '' : `: ${halt.reason}`;
  return {
    ...decision,
    decision: 'deny',
    reason: 'halted',
    message: `halt ${halt.haltId} (${halt.mode}) covers it${because}`,
    rules: [],
    retryAfterMs: null,
    expiresAt: null,
  };
}

export type ApprovalOutcome = 'pending' | 'approved' | 'rejected' | 'expired' | 'refused';

/** What became of the approval of a decision that has one. */
export function approvalOutcome({ decision, reason }: Decision): ApprovalOutcome {
  if (decision === 'needs-approval') return 'pending';
  if (decision === 'allow') return 'approved';
  if (reason === 'approval-rejected') return 'rejected';
  // What was asked ran out, or a check that is made again on approval said no.
  return reason === 'approval-expired' ? 'expired' : 'refused';
}

/** One text for an agent's intent: neither id holds a space. */
export function intentKey(agentId: AgentId, intentId: IntentId): string {
  return `${agentId} ${intentId}`;
}
