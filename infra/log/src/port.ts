/**
 * The event log as the rest of estop sees it: named topics of ordered partitions, bytes in and
 * bytes out, with proof of position. Two adapters, `kafka` and `embedded`, pass one contract suite
 * (infra/log/test/contract). Nothing above this file knows which one it runs on.
 */
import type { Codec } from '@estop/schemas/codec';
import type { MessageOf } from '@estop/schemas/message-of';
import type { Topic } from '@estop/schemas/topics';

/** Largest batch of one append: kafkajs groups a batch in quadratic time. */
export const APPEND_RECORDS_MAX = 500;
/** Most appends of one process that may wait for their acknowledgement; above: log-overloaded. */
export const APPENDS_PENDING_MAX = 10_000;

export type Headers = Readonly<Record<string, string>>;

export interface NewRecord {
  /** Decides nothing here: the partition is always explicit. Compaction keeps the last per key. */
  readonly key: string;
  /** Null is a tombstone: a compacted topic forgets the key. */
  readonly value: Uint8Array | null;
  readonly headers?: Headers;
}

export interface StoredRecord {
  readonly topic: Topic;
  readonly partition: number;
  readonly offset: number;
  /** When the log stamped it, ms. No writer can choose it. */
  readonly timestampMs: number;
  readonly key: string;
  readonly value: Buffer | null;
  readonly headers: Headers;
}

/** Proof that a batch stands in the log: its records have baseOffset, baseOffset + 1, … */
export interface Appended {
  readonly baseOffset: number;
  readonly timestampMs: number;
}

/** Records and where they go. */
export interface Batch {
  readonly topic: Topic;
  readonly partition: number;
  /** Any number; an adapter cuts what is too large for it. */
  readonly records: readonly NewRecord[];
}

/** A batch that is valid at one place only: at this offset. */
export interface HeadBatch extends Batch {
  readonly offset: number;
}

/** What `appendAt` has under way. Each promise rejects when its step or one before it fails. */
export interface AppendSteps {
  /** The head stands at its offset: when the log stamped it, ms; null for an empty head. */
  readonly proven: Promise<number | null>;
  /** What rests on it is in the log too. */
  readonly complete: Promise<void>;
}

/** Another writer stands where a head batch was to stand, or its append has an unknown outcome. */
export class HeadLostError extends Error {
  override readonly name = 'HeadLostError';
}

export interface ReadResult {
  readonly records: readonly StoredRecord[];
  /** Where the next read goes on. */
  readonly nextOffset: number;
  /** One past the last record that was in the partition at the time of the read. */
  readonly endOffset: number;
}

export interface FollowSource {
  readonly topic: Topic;
  readonly partition: number;
  /** First offset wanted; `end` means what is appended from now on. */
  readonly from: number | 'start' | 'end';
}

export interface FollowOptions {
  readonly sources: readonly FollowSource[];
  /**
   * Gets the records of one partition in order, at most `maxRecords` at a time. The next batch of
   * that partition waits for the promise (back-pressure). A rejection ends the follower.
   */
  readonly onBatch: (records: readonly StoredRecord[]) => Promise<void> | void;
  /** Called once when the follower ends by a failure; the log does not restart it. */
  readonly onFailure: (error: unknown) => void;
  readonly maxRecords?: number;
}

export interface Follower {
  /** Resolves when everything that stood in the sources when it was called has been handed over. */
  caughtUp(): Promise<void>;
  /**
   * For how long, ms, there may be news of some source that was not handed over: what came before
   * that was. Infinite until it was heard that there is nothing more.
   */
  silentMs(): number;
  close(): Promise<void>;
}

/** One partition number of a co-partitioned group, handed to this process until the signal fires. */
export interface Assignment {
  readonly partition: number;
  /** Fires when the partition was taken away or the membership closes. */
  readonly signal: AbortSignal;
  /** From which offset each input topic is delivered; what was buffered is dropped. */
  seek(offsetByTopic: ReadonlyMap<Topic, number>): Promise<void>;
  /**
   * The next inputs, in order per topic, at most `maxRecords`; empty after `waitMs` without any or
   * when the signal fires. Delivers nothing before the first seek. An adapter may hand over inputs
   * that are still on their way to the disk, as long as nothing that is appended after them can be
   * in the log without them.
   */
  next(maxRecords: number, waitMs: number): Promise<readonly StoredRecord[]>;
  /** Commits group offsets so that ordinary lag tools work. Never read back. */
  commit(offsetByTopic: ReadonlyMap<Topic, number>): void;
}

export interface GroupOptions {
  readonly group: string;
  /** Agent-keyed topics: a member gets partition p of all of them, or of none. */
  readonly inputs: readonly Topic[];
  /**
   * Runs while this process owns the partition. When it throws, `onFailure` is told and it is
   * started again after a pause, as long as the partition is assigned.
   */
  readonly run: (assignment: Assignment) => Promise<void>;
  readonly onFailure: (partition: number, error: unknown) => void;
}

export interface Membership {
  /** The partitions this process owns now. */
  assigned(): readonly number[];
  /** Fires every signal, waits for every run to end, leaves the group. */
  close(): Promise<void>;
}

export interface EventLog {
  readonly kind: 'kafka' | 'embedded';
  /** Identity of the cluster or data folder: a log that was deleted and made anew has another. */
  readonly id: string;
  /** Partitions of every agent-keyed topic; fixed when the topics were created. */
  readonly partitions: number;

  /** The codec of a topic, with its schema id in this log. */
  codec<T extends Topic>(topic: T): Codec<MessageOf[T]>;
  /** Makes sure every writer schema of these records is known to the topic's codec. */
  learnSchemas(records: readonly StoredRecord[]): Promise<void>;

  /**
   * Appends a batch to one partition: all of it or nothing, in order, durable when the promise
   * resolves. At most APPEND_RECORDS_MAX records. Rejects with EstopError: `log-unavailable` (the
   * batch may or may not be in the log), `log-overloaded`, `record-too-large`, `log-closed`.
   */
  append(topic: Topic, partition: number, records: readonly NewRecord[]): Promise<Appended>;
  /**
   * Appends one record, sharing a batch with others that are published at the same time. The
   * position is proof as with `append`.
   */
  publish(topic: Topic, partition: number, record: NewRecord): Promise<Appended>;

  /**
   * Appends the head and, only once it is proven to stand at its offset, what rests on it: no
   * reader of the log ever sees the rest without the head. With an empty head nothing is to be
   * proven. Rejects as `append` does, and with HeadLostError when the head would stand elsewhere.
   */
  appendAt(head: HeadBatch, rest: readonly Batch[]): AppendSteps;

  /** The time by which the log stamps, ms; null when another machine keeps it. */
  timeMs(): number | null;

  /** First offset that can still be read. */
  startOffset(topic: Topic, partition: number): Promise<number>;
  /** One past the last record. */
  endOffset(topic: Topic, partition: number): Promise<number>;
  /** Up to `maxRecords` from an offset on; empty at the end. Never waits for new records. */
  read(
    topic: Topic,
    partition: number,
    options: { readonly fromOffset: number; readonly maxRecords: number },
  ): Promise<ReadResult>;
  /** Reads on for ever, outside any group: every caller gets every record. */
  follow(options: FollowOptions): Promise<Follower>;
  /** Joins a co-partitioned group. */
  join(options: GroupOptions): Promise<Membership>;

  /**
   * Whether the record proves that a holder of the deployment's link key wrote it (DESIGN §3, `Who
   * wrote it`). The embedded log is private to its process: always true.
   */
  isLinked(record: StoredRecord): boolean;
  /** Group offsets against ends, for lag displays. */
  lag(group: string): Promise<readonly PartitionLag[]>;
  /** Resolves when appends work, rejects with `log-unavailable`. For readiness probes. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface PartitionLag {
  readonly topic: Topic;
  readonly partition: number;
  readonly committedOffset: number;
  readonly endOffset: number;
}
