/**
 * The embedded log: one process, one LMDB file, durable. An append is acknowledged after the disk
 * has synced it; then those who follow are woken directly.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Clock, systemClock } from '@estop/runtime/clock';
import type { Codec } from '@estop/schemas/codec';
import { EstopError } from '@estop/schemas/errors';
import { invariant } from '@estop/schemas/invariant';
import type { MessageOf } from '@estop/schemas/message-of';
import { partitionCountOf, TOPICS, type Topic } from '@estop/schemas/topics';
import { type FolderLock, lockFolder } from '../folder-lock.ts';
import { OpenHandles } from '../open-handles.ts';
import {
  APPEND_RECORDS_MAX,
  type Appended,
  type AppendSteps,
  type Batch,
  type EventLog,
  type Follower,
  type FollowOptions,
  type GroupOptions,
  type HeadBatch,
  type Membership,
  type NewRecord,
  type PartitionLag,
  type ReadResult,
} from '../port.ts';
import { Appender, type PartitionBatch } from './appender.ts';
import { ignoreCommitEchoes } from './commit-failures.ts';
import { DISK_RESERVE_BYTES_DEFAULT, DiskRoom } from './disk-room.ts';
import { followPartitions } from './embedded-follower.ts';
import { joinGroup } from './embedded-group.ts';
import { GroupOffsets } from './group-offsets.ts';
import { EmbeddedPartition } from './partition.ts';
import { Retention } from './retention.ts';
import { openStore, type Store } from './store.ts';

const RETENTION_PAUSE_MS = 60_000;

export interface EmbeddedLogOptions {
  /** The data folder; made when there is none. */
  readonly path: string;
  readonly partitions: number;
  readonly clock?: Clock;
  /** So much of the disk stays free: appends are refused before. */
  readonly diskReserveBytes?: number;
  /** Told once when a write has failed: the log is over in this process, which should end. */
  readonly onFailure?: (error: Error) => void;
  /** From the end of one removal of old records to the next; a minute when not given. */
  readonly retentionPauseMs?: number;
}

/** Opens the log in a folder; throws `log-locked` or `config-invalid`. */
export async function openEmbeddedLog(options: EmbeddedLogOptions): Promise<EventLog> {
  const lock = await lockFolder(options.path);
  try {
    const { path, partitions, onFailure } = options;
    return new EmbeddedLog(await openStore(path, partitions, onFailure), lock, options);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

class EmbeddedLog implements EventLog {
  readonly kind = 'embedded';
  readonly id: string;
  readonly partitions: number;
  readonly #store: Store;
  readonly #lock: FolderLock;
  readonly #clock: Clock;
  readonly #appender: Appender;
  readonly #partitionsOf: ReadonlyMap<Topic, readonly EmbeddedPartition[]>;
  readonly #open = new OpenHandles();
  readonly #groupOffsets: GroupOffsets;
  readonly #retention: Retention;
  readonly #endIgnoring = ignoreCommitEchoes();
  #closed: Promise<void> | null = null;

  constructor(store: Store, lock: FolderLock, options: EmbeddedLogOptions) {
    const { clock = systemClock, retentionPauseMs: pauseMs = RETENTION_PAUSE_MS } = options;
    this.id = store.id;
    this.partitions = store.partitions;
    this.#store = store;
    this.#lock = lock;
    this.#clock = clock;
    const { path: folder, diskReserveBytes: reserveBytes = DISK_RESERVE_BYTES_DEFAULT } = options;
    this.#partitionsOf = openPartitions(store);
    this.#groupOffsets = new GroupOffsets(store);
    const all = [...this.#partitionsOf.values()].flat();
    const room = new DiskRoom({ folder, reserveBytes, clock });
    const lastTimestampMs = Math.max(0, ...all.map(({ openedLastMs }) => openedLastMs));
    this.#appender = new Appender(store, clock, { room, lastTimestampMs });
    this.#retention = new Retention({ store, partitions: all, clock, pauseMs });
  }

  codec<T extends Topic>(topic: T): Codec<MessageOf[T]> {
    const codec = this.#store.codecByTopic.get(topic);
    invariant(codec !== undefined, 'every topic has a codec');
    return codec as Codec<MessageOf[T]>;
  }

  async learnSchemas(): Promise<void> {
    // The file's own schema table was learned when it was opened.
  }

  append(topic: Topic, partition: number, records: readonly NewRecord[]): Promise<Appended> {
    invariant(records.length <= APPEND_RECORDS_MAX, 'a batch is within its bound');
    invariant(records.length > 0, 'a batch holds records');
    return this.#appender.append(this.#placed({ topic, partition, records }));
  }

  publish(topic: Topic, partition: number, record: NewRecord): Promise<Appended> {
    return this.append(topic, partition, [record]);
  }

  appendAt(head: HeadBatch, rest: readonly Batch[]): AppendSteps {
    const { offset } = head;
    const placed = rest.map((batch) => this.#placed(batch));
    const proven = this.#appender.appendAt({ ...this.#placed(head), offset }, placed);
    // One transaction: when the head is proven, the rest is there.
    const complete = proven.then(() => undefined);
    // A failure surfaces where a promise is awaited; until then it is not unhandled.
    complete.catch(() => undefined);
    return { proven, complete };
  }

  timeMs(): number {
    return this.#appender.timeMs();
  }

  async startOffset(topic: Topic, partition: number): Promise<number> {
    return this.#partition(topic, partition).startOffset;
  }

  async endOffset(topic: Topic, partition: number): Promise<number> {
    return this.#partition(topic, partition).endOffset;
  }

  async read(
    topic: Topic,
    partition: number,
    { fromOffset, maxRecords }: { readonly fromOffset: number; readonly maxRecords: number },
  ): Promise<ReadResult> {
    // From the disk it takes milliseconds, and whoever reads a whole partition would keep all others
    // waiting: nothing here ever waits for the disk.
    const from = this.#partition(topic, partition);
    if (!from.isInMemory(fromOffset)) await nextTurn();
    this.#refuseClosed();
    return from.read(fromOffset, maxRecords);
  }

  async follow(options: FollowOptions): Promise<Follower> {
    this.#refuseClosed();
    const followed = options.sources.map(({ topic, partition: number, from }) => {
      const partition = this.#partition(topic, number);
      const nextOffset =
        from === 'start' ? partition.startOffset : from === 'end' ? partition.endOffset : from;
      return { partition, nextOffset };
    });
    return this.#open.keep(followPartitions(followed, options, this.#clock));
  }

  async join(options: GroupOptions): Promise<Membership> {
    this.#refuseClosed();
    const context = {
      partitions: this.partitions,
      groupOffsets: this.#groupOffsets,
      partitionOf: (topic: Topic, partition: number) => this.#partition(topic, partition),
    };
    return this.#open.keep(joinGroup(context, options));
  }

  isLinked(): boolean {
    return true;
  }

  async lag(group: string): Promise<readonly PartitionLag[]> {
    return [...this.#partitionsOf.values()].flat().flatMap(({ topic, partition, endOffset }) => {
      const committedOffset = this.#groupOffsets.get(group, topic, partition);
      return committedOffset === undefined
        ? []
        : [{ topic, partition, committedOffset, endOffset }];
    });
  }

  async ping(): Promise<void> {
    this.#refuseClosed();
    await this.#appender.ping();
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    try {
      await this.#open.closeAll();
      await this.#retention.close();
      await this.#appender.close();
      if (this.#store.failure !== null) return;
      await this.#groupOffsets.write();
      await this.#store.root.close();
    } finally {
      await this.#lock.release();
      // Echoes of a failed write may still come.
      if (this.#store.failure === null) this.#endIgnoring();
    }
  }

  #placed({ topic, partition, records }: Batch): PartitionBatch {
    return { partition: this.#partition(topic, partition), records };
  }

  #refuseClosed(): void {
    if (this.#closed !== null) throw new EstopError('log-closed', 'the log is closed');
  }

  #partition(topic: Topic, partition: number): EmbeddedPartition {
    const found = this.#partitionsOf.get(topic)?.[partition];
    invariant(found !== undefined, `${topic} has a partition ${partition}`);
    return found;
  }
}

function openPartitions(store: Store): ReadonlyMap<Topic, readonly EmbeddedPartition[]> {
  const partitionsOf = new Map<Topic, readonly EmbeddedPartition[]>();
  for (const name of store.codecByTopic.keys()) {
    const count = partitionCountOf(name, store.partitions);
    const numbers = Array.from({ length: count }, (_, index) => index);
    partitionsOf.set(
      name,
      numbers.map((partition) => new EmbeddedPartition(store, name, partition)),
    );
  }
  invariant(partitionsOf.size === Object.keys(TOPICS).length, 'every topic has its partitions');
  return partitionsOf;
}
