import type { AuditRecord } from '@estop/schemas/messages';
import type { PartitionState } from './state.ts';

/** Where a record stands, and what its events need to know of it. */
export interface RecordContext {
  readonly state: PartitionState;
  readonly record: AuditRecord;
  readonly offset: number;
}
