import type { IntentId } from '@estop/schemas/ids';
import { invariant } from '@estop/schemas/invariant';
import type { AuditRecord, IntentProposed } from '@estop/schemas/messages';
import type { PartitionState } from './state.ts';

/** Where a record stands, and what its events need to know of it. */
export interface RecordContext {
  readonly state: PartitionState;
  readonly record: AuditRecord;
  readonly offset: number;
}

/** What was asked: in the same record, or in an earlier one when it had to wait for a slice. */
export function proposedIn({ state, record }: RecordContext, intentId: IntentId): IntentProposed {
  const first = record.events[0];
  if (first?.type === 'IntentProposed') return first;
  const awaited = state.awaitedByKey.get(`${record.subject}/${intentId}`);
  // INVARIANT: our own writer puts the question before its answer.
  invariant(awaited?.proposed, 'a decision has its proposal');
  return awaited.proposed;
}
