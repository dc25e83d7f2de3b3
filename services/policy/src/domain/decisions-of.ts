import { type IntentId, parseSubject } from '@estop/schemas/ids';
import type { AuditRecord, AuditRecordEvent, Decision } from '@estop/schemas/messages';
import { decisionOn } from './decided.ts';
import type { PartitionState } from './state.ts';

/** The decisions that a record just applied has made or changed. */
export function decisionsOf(
  state: PartitionState,
  record: Pick<AuditRecord, 'events' | 'subject'>,
): readonly Decision[] {
  const subject = record.subject === null ? undefined : parseSubject(record.subject);
  const agent = subject?.kind === 'agent' ? state.agentById.get(subject.id) : undefined;
  if (agent === undefined) return [];
  const decisions = new Map<IntentId, Decision>();
  for (const event of record.events) {
    if (!isDecisive(event)) continue;
    const decision = decisionOn(state, agent, event.intentId);
    if (decision !== undefined) decisions.set(event.intentId, decision);
  }
  return [...decisions.values()];
}

type DecisiveEvent = Extract<
  AuditRecordEvent,
  { readonly type: 'IntentAllowed' | 'IntentDenied' | 'ApprovalRequested' | 'ApprovalVoted' }
>;

function isDecisive(event: AuditRecordEvent): event is DecisiveEvent {
  return DECISIVE.has(event.type);
}

const DECISIVE: ReadonlySet<AuditRecordEvent['type']> = new Set<DecisiveEvent['type']>([
  'IntentAllowed',
  'IntentDenied',
  'ApprovalRequested',
  'ApprovalVoted',
]);
