/**
 * Group commit: everything that waits is written in one LMDB transaction; while the disk works, the
 * next group gathers. Inputs and projections are shown to readers as soon as they are written, audit
 * records only when they are synced; and since syncs keep the order of the transactions, an audit
 * record on the disk has its input there too.
 */
import type { Clock } from '@estop/runtime/clock';
import { EstopError, messageOf } from '@estop/schemas/errors';
import { TOPICS } from '@estop/schemas/topics';
import { APPENDS_PENDING_MAX, type Appended, type NewRecord, type StoredRecord } from '../port.ts';
import type { EmbeddedPartition } from './partition.ts';
import { encodeRecord, NO_HEADERS, recordKey } from './record-bytes.ts';
import type { Store } from './store.ts';

/** Records of one transaction; what is above waits for the next. */
const GROUP_RECORDS_MAX = 10_000;
/** Bytes that may wait for the disk. */
const PENDING_BYTES_MAX = 256 * 1024 * 1024;

/** Transactions whose sync may be under way at the same time. */
const SYNCS_MAX = 8;

interface Waiting {
  readonly partition: EmbeddedPartition;
  readonly records: readonly NewRecord[];
  readonly bytes: number;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: unknown) => void;
}

interface Written extends Waiting {
  readonly baseOffset: number;
  readonly stored: readonly StoredRecord[];
}

export class Appender {
  readonly #store: Store;
  readonly #clock: Clock;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #running: Promise<void> | null = null;
  /** Syncs under way, oldest first. */
  readonly #syncing: Promise<void>[] = [];
  #isClosed = false;
  #lastTimestampMs = 0;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  append(partition: EmbeddedPartition, records: readonly NewRecord[]): Promise<Appended> {
    if (this.#isClosed) return Promise.reject(new EstopError('log-closed', 'the log is closed'));
    let bytes = 0;
    const { valueBytesMax } = TOPICS[partition.topic];
    for (const { key, value } of records) {
      const size = value?.length ?? 0;
      if (size > valueBytesMax) {
        const text = `a value of ${size} bytes on ${partition.topic}, at most ${valueBytesMax} fit`;
        return Promise.reject(new EstopError('record-too-large', text));
      }
      bytes += size + key.length;
    }
    const isFull = this.#waiting.length >= APPENDS_PENDING_MAX;
    if (isFull || this.#waitingBytes + bytes > PENDING_BYTES_MAX) {
      const text = `${this.#waiting.length} appends wait for the disk already`;
      return Promise.reject(new EstopError('log-overloaded', text));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ partition, records, bytes, resolve, reject });
      this.#waitingBytes += bytes;
      this.#running ??= this.#run();
    });
  }

  /** Refuses new appends and waits for those that are under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#running;
    await Promise.all(this.#syncing);
  }

  async #run(): Promise<void> {
    // What is appended in the same turn of the event loop shares the first commit.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#commit(this.#takeGroup());
    this.#running = null;
  }

  #takeGroup(): readonly Waiting[] {
    let records = 0;
    let count = 0;
    for (const waiting of this.#waiting) {
      if (count > 0 && records + waiting.records.length > GROUP_RECORDS_MAX) break;
      records += waiting.records.length;
      this.#waitingBytes -= waiting.bytes;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  async #commit(group: readonly Waiting[]): Promise<void> {
    const timestampMs = Math.max(this.#lastTimestampMs, this.#clock.nowMs());
    this.#lastTimestampMs = timestampMs;
    let written: readonly Written[];
    try {
      written = await this.#write(group, timestampMs);
    } catch (error) {
      await refuse(group, error);
      return;
    }
    const toSync: Written[] = [];
    for (const appended of written) {
      const { partition, stored, baseOffset, resolve } = appended;
      const { topic } = partition;
      partition.written(stored);
      if (topic !== 'audit.v1') partition.reveal(baseOffset + stored.length);
      if (TOPICS[topic].derived) resolve({ baseOffset, timestampMs });
      else toSync.push(appended);
    }
    if (toSync.length === 0) return;
    const synced = this.#sync(toSync, timestampMs);
    this.#syncing.push(synced);
    void synced.finally(() => this.#syncing.splice(this.#syncing.indexOf(synced), 1));
    if (this.#syncing.length >= SYNCS_MAX) await this.#syncing[0];
  }

  async #sync(written: readonly Written[], timestampMs: number): Promise<void> {
    let failure: unknown;
    try {
      await this.#store.records.flushed;
    } catch (error) {
      failure = error;
    }
    // Written is written: also when the sync failed, the next append stands behind these records.
    for (const { partition, stored, baseOffset } of written) {
      partition.reveal(baseOffset + stored.length);
    }
    if (failure !== undefined) return refuse(written, failure);
    for (const { baseOffset, resolve } of written) resolve({ baseOffset, timestampMs });
  }

  async #write(group: readonly Waiting[], timestampMs: number): Promise<readonly Written[]> {
    const { records: db } = this.#store;
    const nextOffset = new Map<EmbeddedPartition, number>();
    const replaced = new Map<EmbeddedPartition, Map<string, number>>();
    const written: Written[] = [];
    // All writes of one turn of the event loop are one LMDB transaction (eventTurnBatching).
    const writes = new Set<Promise<boolean>>();
    for (const waiting of group) {
      const { partition, records } = waiting;
      const { topic, partition: number } = partition;
      const baseOffset = nextOffset.get(partition) ?? partition.nextOffset;
      const stored: StoredRecord[] = [];
      for (const record of records) {
        const offset = baseOffset + stored.length;
        const old = this.#replacedBy(partition, record.key, { offset, replaced });
        if (old !== undefined) writes.add(db.remove(recordKey(topic, number, old)));
        writes.add(db.put(recordKey(topic, number, offset), encodeRecord(record, timestampMs)));
        const { key, headers = NO_HEADERS } = record;
        const value = bufferOf(record.value);
        stored.push({ topic, partition: number, offset, timestampMs, key, value, headers });
      }
      nextOffset.set(partition, baseOffset + records.length);
      written.push({ ...waiting, baseOffset, stored });
    }
    await Promise.all(writes);
    return written;
  }

  /** Compaction happens with the write: where the record stands that this one replaces. */
  #replacedBy(
    partition: EmbeddedPartition,
    key: string,
    write: {
      readonly offset: number;
      readonly replaced: Map<EmbeddedPartition, Map<string, number>>;
    },
  ): number | undefined {
    if (TOPICS[partition.topic].cleanup !== 'compact') return undefined;
    let inGroup = write.replaced.get(partition);
    if (inGroup === undefined) {
      inGroup = new Map();
      write.replaced.set(partition, inGroup);
    }
    const old = inGroup.get(key) ?? partition.replacedBy(key);
    inGroup.set(key, write.offset);
    return old;
  }
}

function bufferOf(value: Uint8Array | null): Buffer | null {
  if (value === null || Buffer.isBuffer(value)) return value;
  return Buffer.from(value);
}

async function refuse(group: readonly Waiting[], error: unknown): Promise<void> {
  const cause = await causeOf(error);
  const text = `the log cannot be written: ${messageOf(cause)}`;
  for (const { reject } of group) reject(new EstopError('log-unavailable', text, { cause }));
}

/** lmdb hides why a commit failed in a promise that rejects. */
async function causeOf(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !('commitError' in error)) return error;
  try {
    await error.commitError;
    return error;
  } catch (cause) {
    return cause;
  }
}
