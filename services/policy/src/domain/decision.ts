/** Decisions as the outside sees them (decisions.v1): projections of audit records. */
import type { PersonId } from '@estop/schemas/ids';
import { invariant } from '@estop/schemas/invariant';
import type { AuditRecordEvent, Decision, RecordPosition } from '@estop/schemas/messages';
import { proposedIn, type RecordContext } from './record-context.ts';

type EventOf<Type extends AuditRecordEvent['type']> = Extract<
  AuditRecordEvent,
  { readonly type: Type }
>;

/** What differs between the kinds of decisions. */
type Outcome = Pick<Decision, 'decision' | 'reason' | 'message' | 'rules' | 'approval'> &
  Pick<Decision, 'intentId' | 'retryAfterMs' | 'expiresAt'>;

export function allowedDecision(
  event: EventOf<'IntentAllowed'>,
  context: RecordContext,
  pending: Decision | undefined,
): Decision {
  const { reason, rules, held, holdUntil } = event;
  const by = pending?.approval?.approvedBy ?? [];
  return decisionOf(context, pending, {
    intentId: event.intentId,
    decision: 'allow',
    reason,
    message:
      reason === 'approved' ? `approved by ${by.join(', ')}` : `permitted by ${rules.join(', ')}`,
    rules,
    approval: pending?.approval ?? null,
    retryAfterMs: null,
    expiresAt: held.some((use) => use.amount > 0) ? holdUntil : null,
  });
}

export function deniedDecision(
  event: EventOf<'IntentDenied'>,
  context: RecordContext,
  pending: Decision | undefined,
): Decision {
  const { intentId, reason, message, rules, retryAfterMs } = event;
  const approval = pending?.approval ?? null;
  const outcome = { intentId, reason, message, rules, approval, retryAfterMs, expiresAt: null };
  return decisionOf(context, pending, { decision: 'deny', ...outcome });
}

export function pendingDecision(
  event: EventOf<'ApprovalRequested'>,
  context: RecordContext,
): Decision {
  const { intentId, approvalId: id, reason, message, rules, expiresAt } = event;
  const { quorum, approvers, severity } = event;
  const approval = { id, expiresAt, quorum, approvers, approvedBy: [], severity };
  const outcome = { intentId, reason, message, rules, approval, retryAfterMs: null, expiresAt };
  return decisionOf(context, undefined, { decision: 'needs-approval', ...outcome });
}

/** The same pending decision with one vote more. */
export function approvedBy(pending: Decision, person: PersonId, context: RecordContext): Decision {
  const { approval } = pending;
  invariant(approval !== null, 'a pending decision has an approval');
  const votes = [...approval.approvedBy, person];
  return { ...pending, record: positionOf(context), approval: { ...approval, approvedBy: votes } };
}

/** One literal, so that all decisions have one shape: they are made and kept by the million. */
function decisionOf(
  context: RecordContext,
  pending: Decision | undefined,
  outcome: Outcome,
): Decision {
  const what = pending ?? proposedIn(context, outcome.intentId);
  const about = 'intent' in what ? what.intent : what;
  return {
    intentId: about.intentId,
    agentId: about.agentId,
    sessionId: about.sessionId,
    tool: about.tool,
    tier: what.tier,
    point: about.point,
    decision: outcome.decision,
    reason: outcome.reason,
    message: outcome.message,
    rules: outcome.rules,
    policyHash: context.record.policyHash,
    digest: what.digest,
    at: context.record.at,
    record: positionOf(context),
    approval: outcome.approval,
    retryAfterMs: outcome.retryAfterMs,
    expiresAt: outcome.expiresAt,
    limits: NO_LIMITS,
  };
}

const NO_LIMITS: Decision['limits'] = [];

function positionOf({ state, offset }: RecordContext): RecordPosition {
  return { partition: state.partition, offset };
}
