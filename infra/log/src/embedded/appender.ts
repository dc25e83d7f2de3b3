/**
 * Group commit: everything that waits is written in one LMDB transaction and synced with it; while
 * the disk works, the next group gathers. A transaction that fails leaves nothing behind, so what
 * was refused is not in the log, and the log goes on when the disk does.
 */
import type { Clock } from '@estop/runtime/clock';
import { EstopError, messageOf } from '@estop/schemas/errors';
import { TOPICS } from '@estop/schemas/topics';
import { APPENDS_PENDING_MAX, type Appended, type NewRecord, type StoredRecord } from '../port.ts';
import type { EmbeddedPartition } from './partition.ts';
import {
  type EncodedRecord,
  encodeRecord,
  NO_HEADERS,
  RECORD_OVERHEAD_BYTES,
  recordKey,
  stampRecord,
} from './record-bytes.ts';
import type { Store } from './store.ts';

/** One transaction takes about this much; what is above waits for the next. */
const GROUP_RECORDS_MAX = 10_000;
const GROUP_BYTES_MAX = 16 * 1024 * 1024;
/** Bytes of appends that are not acknowledged yet. */
const PENDING_BYTES_MAX = 256 * 1024 * 1024;
/** A full disk may still have room for less than this. */
const PROBE_BYTES_MAX = 1024 * 1024;

interface Waiting {
  readonly partition: EmbeddedPartition;
  readonly records: readonly EncodedRecord[];
  readonly bytes: number;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: unknown) => void;
}

export class Appender {
  readonly #store: Store;
  readonly #clock: Clock;
  #waiting: Waiting[] = [];
  #pending = 0;
  #pendingBytes = 0;
  #running: Promise<void> | null = null;
  #probing: Promise<void> | null = null;
  /** Size of the last group if it was refused; 0 when the disk took it. */
  #refusedBytes = 0;
  #isClosed = false;
  #lastTimestampMs = 0;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  append(partition: EmbeddedPartition, records: readonly NewRecord[]): Promise<Appended> {
    const bytes = sizeOf(records);
    const refusal = this.#refusal(partition, records, bytes);
    if (refusal !== undefined) return Promise.reject(refusal);
    const encoded = records.map(encodeRecord);
    this.#pending += 1;
    this.#pendingBytes += bytes;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ partition, records: encoded, bytes, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when the disk takes a write, if possible of the size that it refused last. */
  ping(): Promise<void> {
    this.#probing ??= this.#probe().finally(() => {
      this.#probing = null;
    });
    return this.#probing;
  }

  /** Refuses new appends and waits for those that are under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#running;
    await this.#probing?.catch(() => undefined);
  }

  #refusal(
    { topic }: EmbeddedPartition,
    records: readonly NewRecord[],
    bytes: number,
  ): EstopError | undefined {
    if (this.#isClosed) return new EstopError('log-closed', 'the log is closed');
    const { valueBytesMax } = TOPICS[topic];
    for (const { value } of records) {
      const size = value?.length ?? 0;
      if (size <= valueBytesMax) continue;
      const text = `a value of ${size} bytes on ${topic}, at most ${valueBytesMax} fit`;
      return new EstopError('record-too-large', text);
    }
    const isFull = this.#pending >= APPENDS_PENDING_MAX;
    if (!isFull && this.#pendingBytes + bytes <= PENDING_BYTES_MAX) return undefined;
    const text = `${this.#pending} appends of ${this.#pendingBytes} bytes wait for the disk`;
    return new EstopError('log-overloaded', text);
  }

  async #run(): Promise<void> {
    // What is appended in the same turn of the event loop shares the first commit.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#commit(this.#takeGroup());
    this.#running = null;
  }

  #takeGroup(): readonly Waiting[] {
    let records = 0;
    let bytes = 0;
    let count = 0;
    for (const waiting of this.#waiting) {
      records += waiting.records.length;
      bytes += waiting.bytes;
      if (count > 0 && (records > GROUP_RECORDS_MAX || bytes > GROUP_BYTES_MAX)) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  async #commit(group: readonly Waiting[]): Promise<void> {
    this.#lastTimestampMs = Math.max(this.#lastTimestampMs, this.#clock.nowMs());
    const timestampMs = this.#lastTimestampMs;
    let bytes = 0;
    for (const waiting of group) bytes += waiting.bytes;
    try {
      // All writes of one turn of the event loop are one LMDB transaction (eventTurnBatching).
      const writes = [...byPartition(group)].map(([partition, appends]) =>
        this.#write(partition, appends, timestampMs),
      );
      for (const written of await Promise.all(writes)) settle(written, timestampMs);
      this.#refusedBytes = 0;
    } catch (error) {
      this.#refusedBytes = Math.max(bytes, 1);
      refuse(group, await causeOf(error));
    }
    this.#pending -= group.length;
    this.#pendingBytes -= bytes;
  }

  async #write(
    partition: EmbeddedPartition,
    appends: readonly Waiting[],
    timestampMs: number,
  ): Promise<Written> {
    const { records: db } = this.#store;
    const { topic, partition: number, endOffset } = partition;
    const stored: StoredRecord[] = [];
    const write = () => {
      const replaced = new Map<string, number>();
      for (const { key, headers, bytes, value } of appends.flatMap(({ records }) => records)) {
        const offset = endOffset + stored.length;
        stampRecord(bytes, timestampMs);
        void db.put(recordKey(topic, number, offset), bytes);
        stored.push({ topic, partition: number, offset, timestampMs, key, value, headers });
        if (partition.newest === null) continue;
        // Compaction happens with the write.
        const old = replaced.get(key) ?? partition.newest.offset(key);
        if (old !== undefined) void db.remove(recordKey(topic, number, old));
        replaced.set(key, offset);
      }
    };
    // The lock of the folder holds in one network namespace only; this holds everywhere.
    const isWritten = await db.ifNoExists(recordKey(topic, number, endOffset), write);
    return { partition, appends, stored, isWritten };
  }

  async #probe(): Promise<void> {
    const { meta } = this.#store;
    try {
      const bytes = Math.min(this.#refusedBytes, PROBE_BYTES_MAX);
      await meta.put('probe', 'x'.repeat(bytes));
      if (bytes > 0) await meta.put('probe', '');
      this.#refusedBytes = 0;
    } catch (error) {
      throw unavailable(await causeOf(error));
    }
  }
}

interface Written {
  readonly partition: EmbeddedPartition;
  readonly appends: readonly Waiting[];
  readonly stored: readonly StoredRecord[];
  /** False when the log goes on behind what this process knows. */
  readonly isWritten: boolean;
}

function settle({ partition, appends, stored, isWritten }: Written, timestampMs: number): void {
  if (!isWritten) {
    refuse(appends, new Error('another process has written to this folder'));
    return;
  }
  let baseOffset = partition.endOffset;
  partition.appended(stored);
  for (const { records, resolve } of appends) {
    resolve({ baseOffset, timestampMs });
    baseOffset += records.length;
  }
}

function byPartition(
  group: readonly Waiting[],
): ReadonlyMap<EmbeddedPartition, readonly Waiting[]> {
  const grouped = new Map<EmbeddedPartition, Waiting[]>();
  for (const waiting of group) {
    const appends = grouped.get(waiting.partition);
    if (appends === undefined) grouped.set(waiting.partition, [waiting]);
    else appends.push(waiting);
  }
  return grouped;
}

function sizeOf(records: readonly NewRecord[]): number {
  let bytes = 0;
  for (const { key, value, headers = NO_HEADERS } of records) {
    bytes += RECORD_OVERHEAD_BYTES + key.length + (value?.length ?? 0);
    for (const name in headers) bytes += name.length + (headers[name]?.length ?? 0);
  }
  return bytes;
}

function refuse(group: readonly Waiting[], cause: unknown): void {
  for (const { reject } of group) reject(unavailable(cause));
}

function unavailable(cause: unknown): EstopError {
  const text = `the log cannot be written: ${messageOf(cause)}`;
  return new EstopError('log-unavailable', text, { cause });
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
