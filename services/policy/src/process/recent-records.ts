/**
 * The last records of a partition. Whoever takes it over publishes their effects once more: effects
 * leave after the proof, so a writer that dies in between has proven what nobody was told.
 */
import type { AuditRecord } from '@estop/schemas/messages';

/** More than what one writer can have proven and not yet published: two batches, and views paced. */
export const RECENT_RECORDS = 2_000;

export interface RecentRecord {
  readonly record: AuditRecord;
  readonly offset: number;
}

export class RecentRecords {
  #records: RecentRecord[] = [];

  add(record: AuditRecord, offset: number): void {
    this.#records.push({ record, offset });
    if (this.#records.length >= 2 * RECENT_RECORDS) this.#records = [...this.all()];
  }

  /** Oldest first. */
  all(): readonly RecentRecord[] {
    return this.#records.slice(-RECENT_RECORDS);
  }
}
