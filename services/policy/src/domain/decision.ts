/** Decisions as the outside sees them (decisions.v1): projections of audit records. */
import type { PersonId } from '@estop/schemas/ids';
import { invariant } from '@estop/schemas/invariant';
import type { AuditRecordEvent, Decision, RecordPosition } from '@estop/schemas/messages';
import type { RecordContext } from './apply-record.ts';

type EventOf<Type extends AuditRecordEvent['type']> = Extract<
  AuditRecordEvent,
  { readonly type: Type }
>;
type Verdictless = Pick<
  Decision,
  'intentId' | 'agentId' | 'sessionId' | 'tool' | 'tier' | 'digest'
>;

export function allowedDecision(
  event: EventOf<'IntentAllowed'>,
  context: RecordContext,
  pending: Decision | undefined,
): Decision {
  const { reason, rules, held, holdUntil } = event;
  const by = pending?.approval?.approvedBy ?? [];
  const message =
    reason === 'approved' ? `approved by ${by.join(', ')}` : `permitted by ${rules.join(', ')}`;
  return {
    ...aboutOf(context, pending),
    ...stampOf(context),
    decision: 'allow',
    reason,
    message,
    rules,
    approval: pending?.approval ?? null,
    retryAfterMs: null,
    expiresAt: held.some((use) => use.amount > 0) ? holdUntil : null,
    limits: [],
  };
}

export function deniedDecision(
  event: EventOf<'IntentDenied'>,
  context: RecordContext,
  pending: Decision | undefined,
): Decision {
  const { reason, message, rules, retryAfterMs } = event;
  return {
    ...aboutOf(context, pending),
    ...stampOf(context),
    decision: 'deny',
    reason,
    message,
    rules,
    approval: pending?.approval ?? null,
    retryAfterMs,
    expiresAt: null,
    limits: [],
  };
}

export function pendingDecision(
  event: EventOf<'ApprovalRequested'>,
  context: RecordContext,
): Decision {
  const { approvalId: id, expiresAt, quorum, approvers, severity } = event;
  return {
    ...aboutOf(context, undefined),
    ...stampOf(context),
    decision: 'needs-approval',
    reason: event.reason,
    message: event.message,
    rules: event.rules,
    approval: { id, expiresAt, quorum, approvers, approvedBy: [], severity },
    retryAfterMs: null,
    expiresAt,
    limits: [],
  };
}

/** The same pending decision with one vote more. */
export function approvedBy(
  pending: Decision,
  person: PersonId,
  context: RecordContext,
): Decision {
  const { approval } = pending;
  invariant(approval !== null, 'a pending decision has an approval');
  const votes = [...approval.approvedBy, person];
  return { ...pending, record: positionOf(context), approval: { ...approval, approvedBy: votes } };
}

function aboutOf({ record }: RecordContext, pending: Decision | undefined): Verdictless {
  if (pending !== undefined) {
    const { intentId, agentId, sessionId, tool, tier, digest } = pending;
    return { intentId, agentId, sessionId, tool, tier, digest };
  }
  for (const event of record.events) {
    if (event.type !== 'IntentProposed') continue;
    const { intentId, agentId, sessionId, tool } = event.intent;
    return { intentId, agentId, sessionId, tool, tier: event.tier, digest: event.digest };
  }
  // INVARIANT: our own writer puts the question before its answer, in one record.
  invariant(false, 'a decision has its proposal in the same record');
}

function stampOf(context: RecordContext): Pick<Decision, 'policyHash' | 'at' | 'record'> {
  const { record } = context;
  return { policyHash: record.policyHash, at: record.at, record: positionOf(context) };
}

function positionOf({ state, offset }: RecordContext): RecordPosition {
  return { partition: state.partition, offset };
}
