/**
 * One partition of the embedded log: its bounds, the newest records kept in memory so that those
 * who follow closely never touch the disk, and who waits for more.
 */
import type { Topic } from '@estop/schemas/topics';
import { TOPICS } from '@estop/schemas/topics';
import type { ReadResult, StoredRecord } from '../port.ts';
import { NewestByKey } from './newest-by-key.ts';
import {
  decodeRecord,
  OFFSET_MAX,
  offsetOfKey,
  partitionPrefix,
  RECORD_OVERHEAD_BYTES,
  recordKey,
} from './record-bytes.ts';
import type { Store } from './store.ts';

/** Newest records of a partition kept in memory: the first bound that is reached counts. */
const TAIL_RECORDS_MAX = 4_096;
const TAIL_BYTES_MAX = 1024 * 1024;
/** A read ends behind the record that reaches this. */
const READ_BYTES_MAX = 8 * 1024 * 1024;

export class EmbeddedPartition {
  readonly topic: Topic;
  readonly partition: number;
  readonly #store: Store;
  #startOffset: number;
  #endOffset: number;
  /** Without gaps up to the end; what compaction has dropped meanwhile may still be in it. */
  #tail: StoredRecord[] = [];
  #tailBytes = 0;
  readonly #waiters = new Set<() => void>();
  /** Of compacted topics alone. */
  readonly newest: NewestByKey | null;

  constructor(store: Store, topic: Topic, partition: number) {
    this.#store = store;
    this.topic = topic;
    this.partition = partition;
    const first = this.#outermostOffset(false);
    const last = this.#outermostOffset(true);
    // Where everything was removed only this tells how far the partition had come.
    const removedEnd = store.ends.get(endKey(this)) ?? 0;
    this.#endOffset = Math.max(last === undefined ? 0 : last + 1, removedEnd);
    this.#startOffset = first ?? this.#endOffset;
    this.newest = TOPICS[topic].cleanup === 'compact' ? this.#readNewest() : null;
  }

  get startOffset(): number {
    return this.#startOffset;
  }

  /** One past the last record, and where the next one goes. */
  get endOffset(): number {
    return this.#endOffset;
  }

  /** Takes in records that are durable and wakes those who wait. */
  appended(records: readonly StoredRecord[]): void {
    for (const record of records) {
      this.newest?.add(record);
      this.#tail.push(record);
      this.#tailBytes += sizeOf(record);
    }
    this.#endOffset += records.length;
    this.#trimTail();
    for (const waiter of [...this.#waiters]) waiter();
  }

  /** Records below this offset are gone. */
  trimmed(startOffset: number): void {
    this.#startOffset = startOffset;
  }

  /** Calls back at every append until the answered function is called. */
  onAppend(waiter: () => void): () => void {
    this.#waiters.add(waiter);
    return () => this.#waiters.delete(waiter);
  }

  read(fromOffset: number, maxRecords: number): ReadResult {
    const endOffset = this.#endOffset;
    const from = Math.max(fromOffset, this.#startOffset);
    if (from >= endOffset || maxRecords < 1) return { records: [], nextOffset: from, endOffset };
    return this.#readTail(from, maxRecords) ?? this.#readDisk(from, maxRecords);
  }

  #readTail(from: number, maxRecords: number): ReadResult | undefined {
    const first = this.#tail[0];
    if (first === undefined || from < first.offset) return undefined;
    const start = from - first.offset;
    const records = this.#tail.slice(start, start + maxRecords);
    return { records, nextOffset: from + records.length, endOffset: this.#endOffset };
  }

  #readDisk(from: number, maxRecords: number): ReadResult {
    const { topic, partition } = this;
    const endOffset = this.#endOffset;
    const records: StoredRecord[] = [];
    let bytesRead = 0;
    const range = this.#store.records.getRange({
      start: recordKey(topic, partition, from),
      end: recordKey(topic, partition, endOffset),
      limit: maxRecords,
    });
    for (const { key, value } of range) {
      // LMDB reuses its read buffer; a record outlives the iteration.
      const bytes = Buffer.from(value);
      const offset = offsetOfKey(key);
      records.push(decodeRecord(bytes, { topic, partition, offset }));
      bytesRead += bytes.length;
      if (records.length === maxRecords || bytesRead >= READ_BYTES_MAX) {
        return { records, nextOffset: offset + 1, endOffset };
      }
    }
    return { records, nextOffset: endOffset, endOffset };
  }

  #outermostOffset(reverse: boolean): number | undefined {
    const low = partitionPrefix(this.topic, this.partition);
    const high = recordKey(this.topic, this.partition, OFFSET_MAX);
    const bounds = reverse ? { start: high, end: low } : { start: low, end: high };
    for (const key of this.#store.records.getKeys({ ...bounds, limit: 1, reverse })) {
      return offsetOfKey(key);
    }
    return undefined;
  }

  #readNewest(): NewestByKey {
    const { topic, partition } = this;
    const newest = new NewestByKey();
    const range = this.#store.records.getRange({
      start: partitionPrefix(topic, partition),
      end: recordKey(topic, partition, OFFSET_MAX),
    });
    for (const { key, value } of range) {
      newest.add(decodeRecord(value, { topic, partition, offset: offsetOfKey(key) }));
    }
    return newest;
  }

  #trimTail(): void {
    if (this.#tail.length <= TAIL_RECORDS_MAX && this.#tailBytes <= TAIL_BYTES_MAX) return;
    let drop = 0;
    // A quarter at a time, so that trimming costs little per record.
    const keep = { records: TAIL_RECORDS_MAX * 0.75, bytes: TAIL_BYTES_MAX * 0.75 };
    while (this.#tail.length - drop > keep.records || this.#tailBytes > keep.bytes) {
      const record = this.#tail[drop];
      if (record === undefined) break;
      this.#tailBytes -= sizeOf(record);
      drop += 1;
    }
    this.#tail = this.#tail.slice(drop);
  }
}

/** Where the store keeps the end of a partition whose records may all have been removed. */
export function endKey({ topic, partition }: Pick<StoredRecord, 'topic' | 'partition'>): string {
  return `${topic}/${partition}`;
}

function sizeOf(record: StoredRecord): number {
  return RECORD_OVERHEAD_BYTES + record.key.length + (record.value?.length ?? 0);
}
