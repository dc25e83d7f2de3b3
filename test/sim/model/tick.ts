/** What time brings to a partition: what expires, and intents that waited for slices. */
import { parseSubject } from '@estop/schemas/ids';
import type { AuditRecord, AuditRecordEvent, Halt } from '@estop/schemas/messages';
import type { Books } from './books.ts';
import { say } from './sayings.ts';

export function predictTick(books: Books, { subject, events }: AuditRecord): readonly string[] {
  const [first] = events;
  if (first?.type === 'HaltLifted') return [predictEnd(books, first.halt)];
  const agent = subject === null ? undefined : parseSubject(subject);
  if (agent?.kind !== 'agent') return [];
  const resumed = events.map(intentResumed).find((intentId) => intentId !== null);
  if (resumed !== undefined && resumed !== null) return predictResume(books, agent.id, resumed);
  // Only another ask for what somebody waits for.
  const isAsk = events.every(({ type }) => type === 'SliceRequested');
  return isAsk ? [] : predictExpiry(books, agent.id);
}

/** A halt with an end is over when the end has come, once, and only while it stands. */
function predictEnd(books: Books, { scope, haltId, epoch }: Halt): string {
  const key = JSON.stringify(scope);
  const known = books.halts.get(key);
  const isDue = known?.until != null && known.until <= books.atMs && !known.lifted;
  if (!isDue || known.haltId !== haltId) return 'no record: its time is not over';
  books.word({ ...known, lifted: true });
  return say.halt(haltId, epoch, true);
}

/** Nobody who waits for people is allowed or awaited by time, and only expiry says expired. */
function intentResumed(event: AuditRecordEvent): string | null {
  if (event.type === 'IntentAllowed' || event.type === 'IntentAwaited') return event.intentId;
  if (event.type === 'ApprovalRequested') return event.intentId;
  const isDenied = event.type === 'IntentDenied' && event.reason !== 'approval-expired';
  return isDenied ? event.intentId : null;
}

function predictResume(books: Books, agentId: string, intentId: string): readonly string[] {
  const waiting = books.waiting(agentId, intentId);
  if (waiting === undefined) return ['no record: nobody waited'];
  const pending = waiting.isApproved ? books.agent(agentId).pending.get(intentId) : undefined;
  return books.conclude(waiting.proposal, pending ?? null);
}

/** In the order they came: what waited for people, then what was held; the breaker last. */
function predictExpiry(books: Books, agentId: string): readonly string[] {
  const agent = books.agent(agentId);
  const said: string[] = [];
  for (const pending of [...agent.pending.values()]) {
    if (pending.expiresMs <= books.atMs) said.push(books.deny(pending, 'approval-expired'));
  }
  for (const [intentId, { uses, untilMs }] of [...agent.holds]) {
    if (untilMs > books.atMs) continue;
    const settled = uses.map((use) => ({ ...use, spent: use.amount }));
    agent.holds.delete(intentId);
    for (const use of settled) books.free(agent, use, use.spent);
    said.push(say.expired(intentId, settled));
  }
  return [...said, ...books.breakerDue(agentId, null)];
}
