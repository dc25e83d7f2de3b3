/**
 * Removes what is older than its topic keeps, and tombstones that have been seen long enough. A
 * bounded amount at a time and between the appends, which share LMDB's one writer.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '@estop/runtime/clock';
import { TOPICS } from '@estop/schemas/topics';
import { chunkKey, countOf, lastTimestampOf, offsetOfKey } from './chunk.ts';
import { type EmbeddedPartition, endKey } from './partition.ts';
import type { Store } from './store.ts';

/** Chunks removed in one transaction. */
const REMOVE_CHUNKS_MAX = 1_000;
/** Bytes read to find them: no turn of the event loop is longer. */
const READ_BYTES_MAX = 8 * 1024 * 1024;
/** Chunks removed of one partition in one run: more than a minute brings. */
const RUN_CHUNKS_MAX = 1_000_000;
/** How long a tombstone can be read, as Kafka's delete.retention.ms. */
const TOMBSTONE_MS = 86_400_000;

export interface RetentionOptions {
  readonly store: Store;
  readonly partitions: readonly EmbeddedPartition[];
  readonly clock: Clock;
  /** From the end of a run to the next, and to the first: whoever starts has more urgent work. */
  readonly pauseMs: number;
}

export class Retention {
  readonly #options: RetentionOptions;
  readonly #control = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: RetentionOptions) {
    this.#options = options;
    this.#runLater();
  }

  async close(): Promise<void> {
    this.#control.abort();
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #runAll(): Promise<void> {
    const { partitions } = this.#options;
    try {
      for (const partition of partitions) {
        for (let removed = 0; removed < RUN_CHUNKS_MAX; ) {
          await nextTurn();
          if (this.#control.signal.aborted) return;
          const count = await this.#removeSome(partition);
          if (count === 0) break;
          removed += count;
        }
      }
    } catch {
      // A disk that cannot be written: appends tell of it, the next run goes on.
    }
    this.#runLater();
  }

  #runLater(): void {
    this.#timer = setTimeout(() => {
      this.#running = this.#runAll();
    }, this.#options.pauseMs).unref();
  }

  #removeSome(partition: EmbeddedPartition): Promise<number> {
    return partition.newest === null
      ? this.#removeOld(partition)
      : this.#removeTombstones(partition, partition.newest);
  }

  async #removeOld(partition: EmbeddedPartition): Promise<number> {
    const { retentionMs } = TOPICS[partition.topic];
    if (retentionMs === null) return 0;
    const old = this.#chunksBefore(partition, this.#options.clock.nowMs() - retentionMs);
    const last = old.at(-1);
    if (last === undefined) return 0;
    const offsets = old.map(({ firstOffset }) => firstOffset);
    await this.#remove(partition, offsets);
    partition.trimmed(last.firstOffset + last.count);
    return old.length;
  }

  async #removeTombstones(
    partition: EmbeddedPartition,
    newest: NonNullable<EmbeddedPartition['newest']>,
  ): Promise<number> {
    const beforeMs = this.#options.clock.nowMs() - TOMBSTONE_MS;
    const old = newest.tombstonesBefore(beforeMs, REMOVE_CHUNKS_MAX);
    if (old.length === 0) return 0;
    const offsets = old.map(({ offset }) => offset);
    await this.#remove(partition, offsets);
    for (const tombstone of old) newest.forget(tombstone);
    return old.length;
  }

  /** Removes the chunks that begin at these offsets. */
  async #remove(partition: EmbeddedPartition, offsets: readonly number[]): Promise<void> {
    const { records, ends, write } = this.#options.store;
    const { topic, partition: number, endOffset } = partition;
    await write(() => {
      for (const offset of offsets) void records.remove(chunkKey(topic, number, offset));
      void ends.put(endKey(partition), endOffset);
    });
  }

  /** The oldest chunks whose last record was stamped before a time; times only grow. */
  #chunksBefore(
    { topic, partition, startOffset, endOffset }: EmbeddedPartition,
    ms: number,
  ): Chunk[] {
    const chunks: Chunk[] = [];
    const range = this.#options.store.records.getRange({
      start: chunkKey(topic, partition, startOffset),
      end: chunkKey(topic, partition, endOffset),
      limit: REMOVE_CHUNKS_MAX,
    });
    let bytes = 0;
    for (const { key, value } of range) {
      bytes += value.length;
      if (lastTimestampOf(value) >= ms) break;
      if (bytes > READ_BYTES_MAX && chunks.length > 0) break;
      chunks.push({ firstOffset: offsetOfKey(key), count: countOf(value) });
    }
    return chunks;
  }
}

interface Chunk {
  readonly firstOffset: number;
  readonly count: number;
}
