/** The state of a partition from its audit records alone, for verification and time travel. */
import type { AuditRecord } from '@estop/schemas/messages';
import { applyRecord } from './apply-record.ts';
import { serializeState } from './serialize.ts';
import { initialState } from './state.ts';

export interface Rebuild {
  /** Applies the next valid record of the partition. */
  apply(record: AuditRecord, offset: number): void;
  /** The state so far as canonical text. */
  text(): string;
}

export function createRebuild(partition: number): Rebuild {
  const state = initialState(partition);
  return {
    apply: (record, offset) => applyRecord(state, record, offset),
    text: () => serializeState(state),
  };
}
