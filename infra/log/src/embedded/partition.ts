/**
 * One partition of the embedded log: its bounds, the newest records kept in memory so that those
 * who follow closely never touch the disk, and who waits for more. Staged records have their place
 * and are on their way to the disk: groups see them already, everybody else when they are durable.
 */
import { invariant } from '@estop/schemas/invariant';
import type { Topic } from '@estop/schemas/topics';
import { TOPICS } from '@estop/schemas/topics';
import type { NewRecord, ReadResult, StoredRecord } from '../port.ts';
import {
  chunkKey,
  countOf,
  decodeChunk,
  encodeChunk,
  keysOf,
  lastTimestampOf,
  OFFSET_MAX,
  offsetOfKey,
  partitionPrefix,
  RECORD_OVERHEAD_BYTES,
} from './chunk.ts';
import { NewestByKey } from './newest-by-key.ts';
import { Slab } from './slab.ts';
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
  #openedLastMs = 0;
  #endOffset: number;
  #stagedEnd: number;
  /** Without gaps up to the staged end; what compaction has dropped meanwhile may still be in it. */
  #tail: StoredRecord[] = [];
  #tailBytes = 0;
  readonly #waiters = new Set<() => void>();
  readonly #stageWaiters = new Set<() => void>();
  readonly isCompacted: boolean;
  #newest: NewestByKey | null = null;

  constructor(store: Store, topic: Topic, partition: number) {
    this.#store = store;
    this.topic = topic;
    this.partition = partition;
    const first = this.#firstOffset();
    const last = this.#lastOffset();
    // Where everything was removed only this tells how far the partition had come.
    const removedEnd = store.ends.get(endKey(this)) ?? 0;
    this.#endOffset = Math.max(last === undefined ? 0 : last + 1, removedEnd);
    this.#stagedEnd = this.#endOffset;
    this.#startOffset = first ?? this.#endOffset;
    this.isCompacted = TOPICS[topic].cleanup === 'compact';
  }

  /** When the last record that stands in the file was stamped, as it was opened; 0 without one. */
  get openedLastMs(): number {
    return this.#openedLastMs;
  }

  /**
   * Of compacted topics alone. Read when something is first written: to read the whole topic takes
   * seconds, and whoever starts after a failure has no second to spare.
   */
  get newest(): NewestByKey | null {
    this.#newest ??= this.isCompacted ? this.#readNewest() : null;
    return this.#newest;
  }

  get startOffset(): number {
    return this.#startOffset;
  }

  /** One past the last durable record. */
  get endOffset(): number {
    return this.#endOffset;
  }

  /** One past the last staged record, and where the next one goes. */
  get stagedEnd(): number {
    return this.#stagedEnd;
  }

  /** Gives records their place and wakes the groups. */
  stage(records: readonly NewRecord[], timestampMs: number): StagedBatch {
    const { topic, partition, newest } = this;
    invariant((newest !== null) === this.isCompacted, 'the file is read before it is written');
    const place = { topic, partition, firstOffset: this.#stagedEnd };
    const { bytes, stored } = encodeChunk(records, place, timestampMs);
    for (const record of stored) {
      this.#tail.push(record);
      this.#tailBytes += sizeOf(record);
    }
    this.#stagedEnd += stored.length;
    wake(this.#stageWaiters);
    return { partition: this, stored, bytes };
  }

  /** The oldest staged records, so many, are durable: wakes those who follow. */
  synced(records: readonly StoredRecord[]): void {
    if (this.newest !== null) {
      for (const { key, offset, timestampMs, value } of records) {
        this.newest.add({ key, offset, timestampMs, isTombstone: value === null });
      }
    }
    this.#endOffset += records.length;
    this.#trimTail();
    wake(this.#waiters);
  }

  /** Records below this offset are gone. */
  trimmed(startOffset: number): void {
    this.#startOffset = startOffset;
  }

  /** Calls back at every sync until the answered function is called. */
  onSynced(waiter: () => void): () => void {
    this.#waiters.add(waiter);
    return () => this.#waiters.delete(waiter);
  }

  /** Calls back whenever records are staged, until the answered function is called. */
  onStaged(waiter: () => void): () => void {
    this.#stageWaiters.add(waiter);
    return () => this.#stageWaiters.delete(waiter);
  }

  /** Whether a read from an offset on needs no disk. */
  isInMemory(fromOffset: number): boolean {
    const from = Math.max(fromOffset, this.#startOffset);
    return from >= this.#endOffset || from >= (this.#tail[0]?.offset ?? Number.POSITIVE_INFINITY);
  }

  /** Durable records from an offset on. */
  read(fromOffset: number, maxRecords: number): ReadResult {
    return this.#read(fromOffset, { maxRecords, endOffset: this.#endOffset });
  }

  /** Records from an offset on, those on their way to the disk too. */
  readStaged(fromOffset: number, maxRecords: number): ReadResult {
    return this.#read(fromOffset, { maxRecords, endOffset: this.#stagedEnd });
  }

  #read(
    fromOffset: number,
    { maxRecords, endOffset }: { readonly maxRecords: number; readonly endOffset: number },
  ): ReadResult {
    const from = Math.max(fromOffset, this.#startOffset);
    if (from >= endOffset || maxRecords < 1) return { records: [], nextOffset: from, endOffset };
    const first = this.#tail[0];
    if (first === undefined || from < first.offset) return this.#readDisk(from, maxRecords);
    const start = from - first.offset;
    const records = this.#tail.slice(start, Math.min(start + maxRecords, endOffset - first.offset));
    return { records, nextOffset: from + records.length, endOffset };
  }

  #readDisk(from: number, maxRecords: number): ReadResult {
    const { topic, partition } = this;
    const endOffset = this.#endOffset;
    const records: StoredRecord[] = [];
    let bytesRead = 0;
    for (const { firstOffset, bytes } of this.#chunks(from, endOffset)) {
      const room = maxRecords - records.length;
      const place = { topic, partition, firstOffset };
      records.push(...decodeChunk(bytes, place, { fromOffset: from, maxRecords: room }));
      bytesRead += bytes.length;
      const last = records.at(-1);
      if (last === undefined) continue;
      if (records.length === maxRecords || bytesRead >= READ_BYTES_MAX) {
        return { records, nextOffset: last.offset + 1, endOffset };
      }
    }
    return { records, nextOffset: endOffset, endOffset };
  }

  *#chunks(from: number, endOffset: number): Generator<StoredChunk> {
    const { topic, partition } = this;
    const { records } = this.#store;
    const start = chunkKey(topic, partition, this.#chunkStart(from));
    const end = chunkKey(topic, partition, endOffset);
    if (!this.isCompacted) {
      for (const { key, value } of records.getRange({ start, end })) {
        yield { firstOffset: offsetOfKey(key), bytes: value };
      }
      return;
    }
    // Each record is a chunk of its own: a buffer for each would take longer than all else about it.
    const slab = new Slab();
    for (const key of records.getKeys({ start, end })) {
      const bytes = records.getBinaryFast(key);
      if (bytes !== undefined) yield { firstOffset: offsetOfKey(key), bytes: slab.copy(bytes) };
    }
  }

  /** First offset of the chunk that an offset is in, or would be in. */
  #chunkStart(offset: number): number {
    const range = this.#store.records.getKeys({
      start: chunkKey(this.topic, this.partition, offset),
      end: partitionPrefix(this.topic, this.partition),
      limit: 1,
      reverse: true,
    });
    for (const key of range) return offsetOfKey(key);
    return offset;
  }

  #firstOffset(): number | undefined {
    const start = partitionPrefix(this.topic, this.partition);
    const end = chunkKey(this.topic, this.partition, OFFSET_MAX);
    for (const key of this.#store.records.getKeys({ start, end, limit: 1 })) {
      return offsetOfKey(key);
    }
    return undefined;
  }

  #lastOffset(): number | undefined {
    const end = partitionPrefix(this.topic, this.partition);
    const start = chunkKey(this.topic, this.partition, OFFSET_MAX);
    const range = this.#store.records.getRange({ start, end, limit: 1, reverse: true });
    for (const { key, value } of range) {
      this.#openedLastMs = lastTimestampOf(value);
      return offsetOfKey(key) + countOf(value) - 1;
    }
    return undefined;
  }

  #readNewest(): NewestByKey {
    const { topic, partition } = this;
    const newest = new NewestByKey();
    const { records } = this.#store;
    const range = records.getKeys({
      start: partitionPrefix(topic, partition),
      end: chunkKey(topic, partition, OFFSET_MAX),
    });
    for (const key of range) {
      // Bytes that are lmdb's until the next one is asked for: nothing of them is kept.
      const chunk = records.getBinaryFast(key);
      if (chunk === undefined) continue;
      for (const record of keysOf(chunk, offsetOfKey(key))) newest.add(record);
    }
    return newest;
  }

  #trimTail(): void {
    if (this.#tail.length <= TAIL_RECORDS_MAX && this.#tailBytes <= TAIL_BYTES_MAX) return;
    const durable = this.#tail.length - (this.#stagedEnd - this.#endOffset);
    let drop = 0;
    // A quarter at a time, so that trimming costs little per record.
    const keep = { records: TAIL_RECORDS_MAX * 0.75, bytes: TAIL_BYTES_MAX * 0.75 };
    while (this.#tail.length - drop > keep.records || this.#tailBytes > keep.bytes) {
      const record = this.#tail[drop];
      if (record === undefined || drop === durable) break;
      this.#tailBytes -= sizeOf(record);
      drop += 1;
    }
    this.#tail = this.#tail.slice(drop);
  }
}

interface StoredChunk {
  readonly firstOffset: number;
  readonly bytes: Buffer;
}

/** Records that have their place, and their form in the file. */
export interface StagedBatch {
  readonly partition: EmbeddedPartition;
  readonly stored: readonly StoredRecord[];
  /** One chunk. */
  readonly bytes: Buffer;
}

function wake(waiters: ReadonlySet<() => void>): void {
  for (const waiter of [...waiters]) waiter();
}

/** Where the store keeps the end of a partition whose records may all have been removed. */
export function endKey({ topic, partition }: Pick<StoredRecord, 'topic' | 'partition'>): string {
  return `${topic}/${partition}`;
}

function sizeOf(record: StoredRecord): number {
  return RECORD_OVERHEAD_BYTES + record.key.length + (record.value?.length ?? 0);
}
