/**
 * Group commit: what is appended gets its place at once and is staged; everything that is staged is
 * written in one LMDB transaction and synced with it, while the next group gathers. A transaction
 * that fails is the end of the log in this process: nothing that rests on it can get in any more.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '@estop/runtime/clock';
import { EstopError } from '@estop/schemas/errors';
import { invariant } from '@estop/schemas/invariant';
import { TOPICS } from '@estop/schemas/topics';
import { headLost } from '../append-steps.ts';
import { APPENDS_PENDING_MAX, type Appended, type HeadBatch, type NewRecord } from '../port.ts';
import { CHUNK_BYTES_MAX, chunkKey, joinChunks, RECORD_OVERHEAD_BYTES } from './chunk.ts';
import type { DiskRoom } from './disk-room.ts';
import type { EmbeddedPartition, StagedBatch } from './partition.ts';
import type { Store } from './store.ts';

/** One transaction takes about this much; what is above waits for the next. */
const GROUP_RECORDS_MAX = 10_000;
const GROUP_BYTES_MAX = 16 * 1024 * 1024;
/** Bytes of appends that are not acknowledged yet. */
const PENDING_BYTES_MAX = 256 * 1024 * 1024;

/** Records for one partition. */
export interface PartitionBatch {
  readonly partition: EmbeddedPartition;
  readonly records: readonly NewRecord[];
}

/** One append, whole in one transaction. */
interface Waiting {
  readonly batches: readonly StagedBatch[];
  readonly records: number;
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class Appender {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #room: DiskRoom;
  #waiting: Waiting[] = [];
  #pending = 0;
  #pendingBytes = 0;
  #running: Promise<void> | null = null;
  #probing: Promise<void> | null = null;
  #isClosed = false;
  #lastTimestampMs: number;

  /** `lastTimestampMs`: the newest stamp in the file; stamps never go back. */
  constructor(
    store: Store,
    clock: Clock,
    { room, lastTimestampMs }: { readonly room: DiskRoom; readonly lastTimestampMs: number },
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#room = room;
    this.#lastTimestampMs = lastTimestampMs;
  }

  async append(batch: PartitionBatch): Promise<Appended> {
    const baseOffset = batch.partition.stagedEnd;
    const written = this.#write([batch]);
    const timestampMs = this.#lastTimestampMs;
    await written;
    return { baseOffset, timestampMs };
  }

  /** The head and what rests on it, in one transaction; nothing when the head is out of place. */
  async appendAt(
    head: PartitionBatch & Pick<HeadBatch, 'offset'>,
    rest: readonly PartitionBatch[],
  ): Promise<number | null> {
    const { topic, partition: number, stagedEnd } = head.partition;
    if (head.records.length > 0 && stagedEnd !== head.offset) {
      const place = { topic, partition: number };
      throw headLost(place, { baseOffset: stagedEnd, expected: head.offset });
    }
    const batches = [head, ...rest].filter(({ records }) => records.length > 0);
    if (batches.length === 0) return null;
    const written = this.#write(batches);
    const timestampMs = this.#lastTimestampMs;
    await written;
    return head.records.length === 0 ? null : timestampMs;
  }

  /** The time of the next stamp; never goes back. */
  timeMs(): number {
    this.#lastTimestampMs = Math.max(this.#lastTimestampMs, this.#clock.nowMs());
    return this.#lastTimestampMs;
  }

  /** Resolves when the disk takes a write. */
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

  #write(batches: readonly PartitionBatch[]): Promise<void> {
    const bytes = sizeOf(batches);
    const refusal = this.#refusal(batches, bytes);
    if (refusal !== undefined) return Promise.reject(refusal);
    const timestampMs = this.timeMs();
    let count = 0;
    const staged = batches.flatMap(({ partition, records }) => {
      count += records.length;
      // A record that compaction may remove alone is a chunk of its own.
      const parts = partition.isCompacted ? records.map((record) => [record]) : [records];
      return parts.map((part) => partition.stage(part, timestampMs));
    });
    this.#pending += 1;
    this.#pendingBytes += bytes;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ batches: staged, records: count, bytes, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  #refusal(batches: readonly PartitionBatch[], bytes: number): EstopError | undefined {
    if (this.#isClosed) return new EstopError('log-closed', 'the log is closed');
    if (this.#store.failure !== null) return this.#store.failure;
    for (const { partition, records } of batches) {
      const { topic } = partition;
      const { valueBytesMax } = TOPICS[topic];
      for (const { value } of records) {
        const size = value?.length ?? 0;
        if (size <= valueBytesMax) continue;
        const text = `a value of ${size} bytes on ${topic}, at most ${valueBytesMax} fit`;
        return new EstopError('record-too-large', text);
      }
    }
    const pendingBytes = this.#pendingBytes + bytes;
    if (this.#pending >= APPENDS_PENDING_MAX || pendingBytes > PENDING_BYTES_MAX) {
      const text = `${this.#pending} appends of ${this.#pendingBytes} bytes wait for the disk`;
      return new EstopError('log-overloaded', text);
    }
    const noRoom = this.#room.refusal(pendingBytes);
    return noRoom === undefined ? undefined : new EstopError('log-unavailable', noRoom);
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      // What is appended in the same turn of the event loop, and by those who see it staged, shares
      // the commit: an intent is synced together with its decision.
      await nextTurn();
      await this.#commit(this.#takeGroup());
    }
    this.#running = null;
  }

  #takeGroup(): readonly Waiting[] {
    let records = 0;
    let bytes = 0;
    let count = 0;
    for (const waiting of this.#waiting) {
      records += waiting.records;
      bytes += waiting.bytes;
      if (count > 0 && (records > GROUP_RECORDS_MAX || bytes > GROUP_BYTES_MAX)) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  async #commit(group: readonly Waiting[]): Promise<void> {
    try {
      await this.#store.write(() => this.#put(group));
    } catch (error) {
      this.#refuse(group, error);
      return;
    }
    for (const { batches, resolve, bytes } of group) {
      for (const { partition, stored } of batches) partition.synced(stored);
      this.#pendingBytes -= bytes;
      this.#room.wrote(bytes);
      resolve();
    }
    this.#pending -= group.length;
  }

  #put(group: readonly Waiting[]): void {
    for (const [partition, batches] of byPartition(group)) {
      if (partition.isCompacted) this.#putCompacted(partition, batches);
      else this.#putJoined(partition, batches);
    }
  }

  #putJoined({ topic, partition }: EmbeddedPartition, batches: readonly StagedBatch[]): void {
    for (let at = 0; at < batches.length; ) {
      const end = joinEnd(batches, at);
      const joined = batches.slice(at, end);
      const offset = joined[0]?.stored[0]?.offset;
      invariant(offset !== undefined, 'a staged batch holds records');
      const bytes = joinChunks(joined.map((batch) => batch.bytes));
      void this.#store.records.put(chunkKey(topic, partition, offset), bytes);
      at = end;
    }
  }

  /** Compaction happens with the write. */
  #putCompacted({ topic, partition, newest }: EmbeddedPartition, batches: readonly StagedBatch[]) {
    const { records: db } = this.#store;
    const replaced = new Map<string, number>();
    for (const { stored, bytes } of batches) {
      for (const { key, offset } of stored) {
        void db.put(chunkKey(topic, partition, offset), bytes);
        const old = replaced.get(key) ?? newest?.offset(key);
        if (old !== undefined) void db.remove(chunkKey(topic, partition, old));
        replaced.set(key, offset);
      }
    }
  }

  /** Everything that is staged goes with the group, and nothing is taken any more. */
  #refuse(group: readonly Waiting[], error: unknown): void {
    const refused = [...group, ...this.#waiting];
    this.#waiting = [];
    for (const { reject } of refused) reject(error);
  }

  async #probe(): Promise<void> {
    const { meta, write, failure } = this.#store;
    if (failure !== null) throw failure;
    const noRoom = this.#room.refusal(this.#pendingBytes);
    if (noRoom !== undefined) throw new EstopError('log-unavailable', noRoom);
    await write(() => void meta.put('probe', ''));
  }
}

function byPartition(
  group: readonly Waiting[],
): ReadonlyMap<EmbeddedPartition, readonly StagedBatch[]> {
  const grouped = new Map<EmbeddedPartition, StagedBatch[]>();
  for (const { batches } of group) {
    for (const batch of batches) {
      const known = grouped.get(batch.partition);
      if (known === undefined) grouped.set(batch.partition, [batch]);
      else known.push(batch);
    }
  }
  return grouped;
}

/** One past the last batch that goes into one chunk with the first. */
function joinEnd(batches: readonly StagedBatch[], first: number): number {
  let bytes = 0;
  for (let at = first; at < batches.length; at += 1) {
    bytes += batches[at]?.bytes.length ?? 0;
    if (at > first && bytes > CHUNK_BYTES_MAX) return at;
  }
  return batches.length;
}

function sizeOf(batches: readonly PartitionBatch[]): number {
  let bytes = 0;
  for (const { records } of batches) {
    for (const { key, value, headers = {} } of records) {
      bytes += RECORD_OVERHEAD_BYTES + key.length + (value?.length ?? 0);
      for (const name in headers) bytes += name.length + (headers[name]?.length ?? 0);
    }
  }
  return bytes;
}
