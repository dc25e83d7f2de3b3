/** Which audit records somebody asks for. */
import { parseSubject } from '@estop/schemas/ids';
import type { AuditRecord, AuditRecordEvent, Verdict } from '@estop/schemas/messages';

/** Every field that is set must hold; a record without the thing asked for does not match. */
export interface RecordFilter {
  readonly agent?: string;
  readonly session?: string;
  readonly intent?: string;
  readonly tool?: string;
  readonly decision?: Verdict;
  /** Earliest time, ms. */
  readonly fromMs?: number;
  /** First time that is too late, ms. */
  readonly toMs?: number;
}

export function matchesFilter(record: AuditRecord, filter: RecordFilter): boolean {
  const { agent, session, intent, tool, decision, fromMs, toMs } = filter;
  if (fromMs !== undefined && record.at < fromMs) return false;
  if (toMs !== undefined && record.at >= toMs) return false;
  if (agent !== undefined && agentOf(record) !== agent) return false;
  const { events } = record;
  if (intent !== undefined && !events.some((event) => intentOf(event) === intent)) return false;
  if (decision !== undefined && !events.some((event) => verdictOf(event) === decision))
    return false;
  if (session === undefined && tool === undefined) return true;
  return events.some((event) => {
    if (event.type !== 'IntentProposed') return false;
    if (session !== undefined && event.intent.sessionId !== session) return false;
    return tool === undefined || event.intent.tool === tool;
  });
}

/** What an event decides, if anything. */
export function verdictOf(event: AuditRecordEvent): Verdict | undefined {
  switch (event.type) {
    case 'IntentAllowed':
      return 'allow';
    case 'IntentDenied':
      return 'deny';
    case 'ApprovalRequested':
      return 'needs-approval';
    default:
      return undefined;
  }
}

function agentOf(record: AuditRecord): string | undefined {
  const subject = record.subject === null ? undefined : parseSubject(record.subject);
  return subject?.kind === 'agent' ? subject.id : undefined;
}

function intentOf(event: AuditRecordEvent): string | undefined {
  if (event.type === 'IntentProposed') return event.intent.intentId;
  if (event.type === 'OutcomeRecorded') return event.outcome.intentId;
  return 'intentId' in event ? event.intentId : undefined;
}
