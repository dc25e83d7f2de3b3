/**
 * An event log in memory with the semantics of the port, for tests that need many logs, or one that
 * misbehaves on purpose. It is held to the same contract suite as the real ones.
 */

import { type Codec, createCodec } from '@estop/schemas/codec';
import { EstopError } from '@estop/schemas/errors';
import type { MessageOf } from '@estop/schemas/message-of';
import { partitionCountOf, TOPICS, type Topic } from '@estop/schemas/topics';
import { appendInSteps } from './append-steps.ts';
import type {
  Appended,
  AppendSteps,
  Assignment,
  Batch,
  EventLog,
  Follower,
  FollowOptions,
  GroupOptions,
  HeadBatch,
  Membership,
  NewRecord,
  PartitionLag,
  ReadResult,
  StoredRecord,
} from './port.ts';
import { APPEND_RECORDS_MAX } from './port.ts';

const DELIVERY_RECORDS = 500;
const RESTART_MS = 5;

/** Options for misbehaving. */
export interface MemoryLogOptions {
  readonly partitions?: number;
  readonly nowMs?: () => number;
  /** Sees every append before it happens; may throw to refuse it, or wait. */
  readonly beforeAppend?: (topic: Topic, partition: number) => Promise<void> | void;
}

export class MemoryLog implements EventLog {
  readonly kind = 'embedded';
  readonly id = 'memory';
  readonly partitions: number;
  readonly #options: MemoryLogOptions;
  #records = new Map<string, StoredRecord[]>();
  #isClosed = false;
  readonly #codecs = new Map<Topic, Codec<unknown>>();
  readonly #committed = new Map<string, number>();
  readonly #wakers = new Set<() => void>();

  constructor(options: MemoryLogOptions = {}) {
    this.#options = options;
    this.partitions = options.partitions ?? 4;
  }

  codec<T extends Topic>(topic: T): Codec<MessageOf[T]> {
    let codec = this.#codecs.get(topic);
    if (codec === undefined) {
      codec = createCodec(topic, Object.keys(TOPICS).indexOf(topic) + 1);
      this.#codecs.set(topic, codec);
    }
    return codec as Codec<MessageOf[T]>;
  }

  async learnSchemas(): Promise<void> {
    // One version, one process: every schema is known.
  }

  async append(topic: Topic, partition: number, batch: readonly NewRecord[]): Promise<Appended> {
    if (this.#isClosed) throw new EstopError('log-closed', 'the log is closed');
    await this.#options.beforeAppend?.(topic, partition);
    if (batch.length > APPEND_RECORDS_MAX) throw new RangeError('the batch is too large');
    if (batch.some(({ value }) => (value?.length ?? 0) > TOPICS[topic].valueBytesMax)) {
      throw new EstopError('record-too-large', `a record of ${topic} is too large`);
    }
    const records = this.#partition(topic, partition);
    const baseOffset = records.length;
    const timestampMs = this.timeMs();
    for (const [index, { key, value, headers = {} }] of batch.entries()) {
      const offset = baseOffset + index;
      const bytes = value === null ? null : Buffer.from(value);
      records.push({ topic, partition, offset, timestampMs, key, value: bytes, headers });
    }
    for (const wake of [...this.#wakers]) wake();
    return { baseOffset, timestampMs };
  }

  publish(topic: Topic, partition: number, record: NewRecord): Promise<Appended> {
    return this.append(topic, partition, [record]);
  }

  appendAt(head: HeadBatch, rest: readonly Batch[]): AppendSteps {
    return appendInSteps(this, head, rest);
  }

  timeMs(): number {
    return (this.#options.nowMs ?? Date.now)();
  }

  async startOffset(): Promise<number> {
    return 0;
  }

  async endOffset(topic: Topic, partition: number): Promise<number> {
    return this.#partition(topic, partition).length;
  }

  async read(
    topic: Topic,
    partition: number,
    { fromOffset, maxRecords }: { readonly fromOffset: number; readonly maxRecords: number },
  ): Promise<ReadResult> {
    const all = this.#partition(topic, partition);
    const records = all.slice(fromOffset, fromOffset + maxRecords);
    return { records, nextOffset: fromOffset + records.length, endOffset: all.length };
  }

  async follow(options: FollowOptions): Promise<Follower> {
    const control = new AbortController();
    const positions = options.sources.map(({ topic, partition, from }) => {
      const records = this.#partition(topic, partition);
      const next = from === 'start' ? 0 : from === 'end' ? records.length : from;
      return { records, next };
    });
    const loop = this.#deliver(positions, options, control.signal);
    return {
      caughtUp: async () => {
        const ends = positions.map(({ records }) => records.length);
        while (positions.some(({ next }, index) => next < (ends[index] ?? 0))) await this.#wait(5);
      },
      silentMs: () => {
        const isCaughtUp = positions.every(({ records, next }) => next >= records.length);
        return isCaughtUp ? 0 : Number.POSITIVE_INFINITY;
      },
      close: async () => {
        control.abort();
        for (const wake of [...this.#wakers]) wake();
        await loop;
      },
    };
  }

  async join(options: GroupOptions): Promise<Membership> {
    const control = new AbortController();
    const runs = Array.from({ length: this.partitions }, (_, partition) =>
      this.#own(options, partition, control.signal),
    );
    return {
      assigned: () => [...runs.keys()],
      close: async () => {
        control.abort();
        for (const wake of [...this.#wakers]) wake();
        await Promise.all(runs);
      },
    };
  }

  isLinked(): boolean {
    return true;
  }

  async lag(group: string): Promise<readonly PartitionLag[]> {
    return [...this.#committed].flatMap(([key, committedOffset]) => {
      const [owner, topic, partition] = JSON.parse(key);
      if (owner !== group) return [];
      const endOffset = this.#partition(topic, partition).length;
      return [{ topic, partition, committedOffset, endOffset }];
    });
  }

  async ping(): Promise<void> {
    // Memory is always there.
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  /** Another log over the same records, as a process finds them after a restart. */
  reopened(): MemoryLog {
    const log = new MemoryLog(this.#options);
    log.#records = this.#records;
    return log;
  }

  async #own(options: GroupOptions, partition: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await options.run(this.#assignment(options, partition, signal));
      } catch (error) {
        options.onFailure(partition, error);
        await this.#wait(RESTART_MS);
      }
    }
  }

  #assignment(options: GroupOptions, partition: number, signal: AbortSignal): Assignment {
    let next: Map<Topic, number> | null = null;
    return {
      partition,
      signal,
      seek: async (offsets) => {
        next = new Map(options.inputs.map((topic) => [topic, offsets.get(topic) ?? 0]));
      },
      next: async (maxRecords, waitMs) => {
        const deadline = performance.now() + waitMs;
        while (!signal.aborted) {
          const records = next === null ? [] : this.#takeFrom(next, partition, maxRecords);
          if (records.length > 0) return records;
          const leftMs = deadline - performance.now();
          if (leftMs <= 0) return [];
          await this.#wait(leftMs);
        }
        return [];
      },
      commit: (offsets) => {
        for (const [topic, offset] of offsets) {
          this.#committed.set(JSON.stringify([options.group, topic, partition]), offset);
        }
      },
    };
  }

  #takeFrom(next: Map<Topic, number>, partition: number, maxRecords: number): StoredRecord[] {
    const taken: StoredRecord[] = [];
    for (const [topic, from] of next) {
      const room = maxRecords - taken.length;
      const records = this.#partition(topic, partition).slice(from, from + room);
      next.set(topic, from + records.length);
      taken.push(...records);
    }
    return taken;
  }

  async #deliver(
    positions: readonly { readonly records: readonly StoredRecord[]; next: number }[],
    options: FollowOptions,
    signal: AbortSignal,
  ): Promise<void> {
    const max = options.maxRecords ?? DELIVERY_RECORDS;
    try {
      while (!signal.aborted) {
        let isIdle = true;
        for (const position of positions) {
          const batch = position.records.slice(position.next, position.next + max);
          if (batch.length === 0 || signal.aborted) continue;
          isIdle = false;
          await options.onBatch(batch);
          position.next += batch.length;
        }
        if (isIdle) await this.#wait(1_000);
      }
    } catch (error) {
      options.onFailure(error);
    }
  }

  /** Until the next append, or the time is over. */
  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#wakers.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#wakers.add(done);
    });
  }

  #partition(topic: Topic, partition: number): StoredRecord[] {
    if (partition < 0 || partition >= partitionCountOf(topic, this.partitions)) {
      throw new RangeError(`${topic} has no partition ${partition}`);
    }
    const key = `${topic}/${partition}`;
    const records = this.#records.get(key) ?? [];
    this.#records.set(key, records);
    return records;
  }
}
