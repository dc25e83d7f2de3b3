/**
 * The last records of a partition. Whoever takes it over publishes their effects once more: effects
 * leave after the proof, so a writer that dies in between has proven what nobody was told.
 */
import type { FoldedRecord } from '../domain/snapshot/restore.ts';

/**
 * A turn hands over what it has made when there is so much of it, and goes on: time alone may end
 * thousands of holds and halts at once.
 */
export const BATCH_RECORDS_MAX = 1_000;
/**
 * More than what one writer can have proven and not yet published: two batches, views paced, and what
 * it still owed itself.
 */
export const RECENT_RECORDS = 2_500;

export class RecentRecords {
  #records: FoldedRecord[] = [];

  add(folded: FoldedRecord): void {
    this.#records.push(folded);
    if (this.#records.length >= 2 * RECENT_RECORDS) this.#records = [...this.all()];
  }

  /** Oldest first. */
  all(): readonly FoldedRecord[] {
    return this.#records.slice(-RECENT_RECORDS);
  }
}
