import type { AuditHeading, HeadingEvent } from '@estop/schemas/audit-heading';

/** Whether a record may change a shared limit, or who waits for one, or the partition as a whole. */
export function concernsShared({ subject, events }: AuditHeading): boolean {
  return subject === null || !events.every((event) => OF_AGENT.has(event.type) && !isShared(event));
}

/** Events that change shared limits through the uses they name, or not at all. */
const OF_AGENT: ReadonlySet<HeadingEvent['type']> = new Set<HeadingEvent['type']>([
  'IntentProposed',
  'IntentAllowed',
  'IntentDenied',
  'ApprovalRequested',
  'OutcomeRecorded',
  'HoldExpired',
  'BreakerChanged',
]);

function isShared({ held, released, settled, rates }: HeadingEvent): boolean {
  const isAny = (uses: HeadingEvent['held']) => uses?.some(({ shared }) => shared) === true;
  return isAny(held) || isAny(released) || isAny(settled) || isAny(rates);
}
