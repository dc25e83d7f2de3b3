/** Which audit records a search wants. */
import type { AuditRecord, AuditRecordEvent, Verdict } from '@estop/schemas/messages';

export interface RecordFilter {
  readonly agent: string | null;
  readonly session: string | null;
  readonly intent: string | null;
  readonly tool: string | null;
  readonly decision: Verdict | null;
  /** Inclusive, ms. */
  readonly fromMs: number | null;
  /** Exclusive, ms. */
  readonly toMs: number | null;
}

const VERDICT_EVENTS: Readonly<Record<Verdict, AuditRecordEvent['type']>> = {
  allow: 'IntentAllowed',
  deny: 'IntentDenied',
  'needs-approval': 'ApprovalRequested',
};

/** Whether a record passes: some event matches each condition that is set. */
export function matchesFilter(record: AuditRecord, filter: RecordFilter): boolean {
  const { agent, session, intent, tool, decision, fromMs, toMs } = filter;
  if (agent !== null && record.subject !== agent) return false;
  if (fromMs !== null && record.at < fromMs) return false;
  if (toMs !== null && record.at >= toMs) return false;
  const { events } = record;
  if (decision !== null && !events.some(({ type }) => type === VERDICT_EVENTS[decision])) {
    return false;
  }
  if (intent !== null && !events.some((event) => intentOf(event) === intent)) return false;
  if (session === null && tool === null) return true;
  return events.some(
    (event) =>
      event.type === 'IntentProposed' &&
      (session === null || event.intent.sessionId === session) &&
      (tool === null || event.intent.tool === tool),
  );
}

function intentOf(event: AuditRecordEvent): string | null {
  switch (event.type) {
    case 'IntentProposed':
      return event.intent.intentId;
    case 'OutcomeRecorded':
      return event.outcome.intentId;
    case 'IntentAllowed':
    case 'IntentDenied':
    case 'ApprovalRequested':
    case 'ApprovalVoted':
    case 'HoldExpired':
      return event.intentId;
    default:
      return null;
  }
}
