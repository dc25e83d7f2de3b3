/**
 * One partition of the embedded log: its bounds, the newest records kept in memory so that those
 * who follow closely never touch the disk, and who waits for more.
 */
import type { Topic } from '@estop/schemas/topics';
import { TOPICS } from '@estop/schemas/topics';
import type { ReadResult, StoredRecord } from '../port.ts';
import {
  decodeRecord,
  OFFSET_MAX,
  offsetOfKey,
  partitionPrefix,
  recordKey,
} from './record-bytes.ts';
import type { Store } from './store.ts';

/** Newest records of a partition kept in memory: the first bound that is reached counts. */
const TAIL_RECORDS_MAX = 4_096;
const TAIL_BYTES_MAX = 2 * 1024 * 1024;
const RECORD_OVERHEAD_BYTES = 128;

export class EmbeddedPartition {
  readonly topic: Topic;
  readonly partition: number;
  readonly #store: Store;
  #startOffset: number;
  #endOffset: number;
  #nextOffset: number;
  #tail: StoredRecord[] = [];
  #tailBytes = 0;
  readonly #waiters = new Set<() => void>();
  /** Compacted topics: where the newest record of each key stands. */
  readonly #offsetByKey: Map<string, number> | null;

  constructor(store: Store, topic: Topic, partition: number) {
    this.#store = store;
    this.topic = topic;
    this.partition = partition;
    this.#startOffset = this.#firstOffset(false) ?? 0;
    const last = this.#firstOffset(true);
    const kept = store.ends.get(`${topic}/${partition}`) ?? 0;
    this.#endOffset = Math.max(last === undefined ? 0 : last + 1, kept);
    this.#nextOffset = this.#endOffset;
    if (last === undefined) this.#startOffset = this.#endOffset;
    this.#offsetByKey = TOPICS[topic].cleanup === 'compact' ? this.#readKeys() : null;
  }

  get startOffset(): number {
    return this.#startOffset;
  }

  /** One past the last record that readers may see. */
  get endOffset(): number {
    return this.#endOffset;
  }

  /** Where the next record goes. */
  get nextOffset(): number {
    return this.#nextOffset;
  }

  /** Where the record stands that a new one of this key replaces, if the topic is compacted. */
  replacedBy(key: string): number | undefined {
    return this.#offsetByKey?.get(key);
  }

  /** Takes in records that are written, in order; readers see them when they are revealed. */
  written(records: readonly StoredRecord[]): void {
    for (const record of records) {
      this.#offsetByKey?.set(record.key, record.offset);
      this.#tail.push(record);
      this.#tailBytes += sizeOf(record);
    }
    this.#nextOffset += records.length;
    this.#trimTail();
  }

  /** Shows everything below this offset to readers and wakes those who wait. */
  reveal(belowOffset: number): void {
    if (belowOffset <= this.#endOffset) return;
    this.#endOffset = belowOffset;
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
    if (from >= endOffset) {
      return { records: [], nextOffset: Math.max(fromOffset, endOffset), endOffset };
    }
    const records = this.#fromTail(from, maxRecords) ?? this.#fromDisk(from, maxRecords);
    const last = records.at(-1);
    const isFull = records.length >= maxRecords;
    const nextOffset = last !== undefined && isFull ? last.offset + 1 : endOffset;
    return { records, nextOffset, endOffset };
  }

  #fromTail(from: number, maxRecords: number): readonly StoredRecord[] | undefined {
    const first = this.#tail[0];
    // Compaction leaves holes, so a compacted tail is no plain slice.
    if (first === undefined || from < first.offset || this.#offsetByKey !== null) return undefined;
    const start = from - first.offset;
    const visible = this.#endOffset - first.offset;
    return this.#tail.slice(start, Math.min(start + maxRecords, visible));
  }

  #fromDisk(from: number, maxRecords: number): readonly StoredRecord[] {
    const { topic, partition } = this;
    const records: StoredRecord[] = [];
    const range = this.#store.records.getRange({
      start: recordKey(topic, partition, from),
      end: recordKey(topic, partition, this.#endOffset),
      limit: maxRecords,
    });
    for (const { key, value } of range) {
      // LMDB reuses its read buffer; a record outlives the iteration.
      const bytes = Buffer.from(value);
      records.push(decodeRecord(bytes, { topic, partition, offset: offsetOfKey(key) }));
    }
    return records;
  }

  #firstOffset(reverse: boolean): number | undefined {
    const low = partitionPrefix(this.topic, this.partition);
    const high = recordKey(this.topic, this.partition, OFFSET_MAX);
    const bounds = reverse ? { start: high, end: low } : { start: low, end: high };
    for (const key of this.#store.records.getKeys({ ...bounds, limit: 1, reverse })) {
      return offsetOfKey(key);
    }
    return undefined;
  }

  #readKeys(): Map<string, number> {
    const offsetByKey = new Map<string, number>();
    for (const record of this.#fromDisk(this.#startOffset, Number.MAX_SAFE_INTEGER)) {
      offsetByKey.set(record.key, record.offset);
    }
    return offsetByKey;
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

function sizeOf(record: StoredRecord): number {
  return RECORD_OVERHEAD_BYTES + record.key.length + (record.value?.length ?? 0);
}
