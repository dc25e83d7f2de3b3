/** Runs of a co-partitioned group: one per assigned partition, fed from outside the group. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '@estop/runtime/clock';
import type { Topic } from '@estop/schemas/topics';
import type Cluster from 'kafkajs/src/cluster/index.js';
import type { Assignment, GroupOptions, Membership, StoredRecord } from '../port.ts';
import { type ClientConfig, closeCluster } from './client.ts';
import { anyFed, Feed } from './feed.ts';
import { Feeder } from './feeder.ts';
import { GroupMember } from './group-member.ts';
import type { MemberNote } from './member-note.ts';
import type { Reader } from './reader.ts';
import type { TopicNames } from './topic-names.ts';

const RESTART_MS_MIN = 200;
const RESTART_MS_MAX = 5_000;
/** How long the runs of revoked partitions are waited for; the chain rule protects from then on. */
const RUNS_END_MS = 5_000;
/** How long the last offsets may take to be committed, and the group to be left. */
const LEAVE_MS = 1_000;

export interface GroupContext {
  /** Connections of this membership alone: one for the group, one to fetch by; closed with it. */
  readonly cluster: Cluster;
  /** Shared connections. */
  readonly shared: Cluster;
  readonly reader: Reader;
  readonly names: TopicNames;
  readonly partitions: number;
  readonly clock: Clock;
  readonly sessionTimeoutMs: number;
  /** Where the membership is noted; released with it. */
  readonly note: MemberNote | null;
  readonly onClientLog: ClientConfig['onClientLog'];
}

/** Joins the group; the first partitions come when the group has met. */
export function joinGroup(context: GroupContext, options: GroupOptions): Membership {
  return new KafkaMembership(context, options);
}

interface Ownership {
  readonly control: AbortController;
  readonly ended: Promise<void>;
}

class KafkaMembership implements Membership {
  readonly #context: GroupContext;
  readonly #options: GroupOptions;
  readonly #feeder: Feeder;
  readonly #member: GroupMember;
  readonly #assignmentByFeed = new Map<Feed, KafkaAssignment>();
  /** Also of partitions that were revoked, until their run has ended. */
  readonly #owned = new Map<number, Ownership>();

  constructor(context: GroupContext, options: GroupOptions) {
    this.#context = context;
    this.#options = options;
    const { cluster, shared, reader, names, ...settings } = context;
    const { partitions, clock, sessionTimeoutMs, note, onClientLog } = settings;
    const onFailure = (feed: Feed, error: unknown) => this.#assignmentByFeed.get(feed)?.fail(error);
    this.#feeder = new Feeder({ cluster, reader, clock, onFailure });
    this.#member = new GroupMember({
      cluster,
      leaveBy: shared,
      group: options.group,
      names: options.inputs.map((topic) => names.of(topic)),
      partitions,
      clock,
      sessionTimeoutMs,
      note,
      onAssigned: (assigned) => this.#assigned(assigned),
      onRevoked: () => this.#revoke(),
      onClientLog,
    });
  }

  // Bound, because handles are copied by those who keep them.
  readonly assigned = (): readonly number[] => {
    const current = [...this.#owned].filter(([, { control }]) => !control.signal.aborted);
    return current.map(([partition]) => partition).sort((a, b) => a - b);
  };

  readonly close = async (): Promise<void> => {
    for (const { control } of this.#owned.values()) control.abort();
    const left = this.#member.close();
    await Promise.all([...this.#owned.values()].map(({ ended }) => ended));
    // Joining may block for long: then it ends with its connection.
    await within(LEAVE_MS, left);
    await closeCluster(this.#context.cluster);
    await left;
    await this.#feeder.close();
  };

  #assigned(partitions: readonly number[]): void {
    for (const partition of partitions) {
      const before = this.#owned.get(partition)?.ended ?? Promise.resolve();
      const control = new AbortController();
      const ended = before.then(() => this.#own(partition, control.signal));
      this.#owned.set(partition, { control, ended });
    }
  }

  async #revoke(): Promise<void> {
    const owned = [...this.#owned];
    for (const [, { control }] of owned) control.abort();
    const ended = Promise.all(owned.map(([, ownership]) => ownership.ended));
    await within(RUNS_END_MS, ended);
  }

  async #own(partition: number, signal: AbortSignal): Promise<void> {
    let pauseMs = RESTART_MS_MIN;
    while (!signal.aborted) {
      const startedMs = this.#context.clock.monotonicMs();
      try {
        await this.#runOnce(partition, signal);
      } catch (error) {
        this.#options.onFailure(partition, error);
      }
      if (signal.aborted) return;
      const ranMs = this.#context.clock.monotonicMs() - startedMs;
      if (ranMs > RESTART_MS_MAX) pauseMs = RESTART_MS_MIN;
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
      pauseMs = Math.min(pauseMs * 2, RESTART_MS_MAX);
    }
  }

  async #runOnce(partition: number, signal: AbortSignal): Promise<void> {
    const { names, reader } = this.#context;
    const feeds = this.#options.inputs.map((topic) => {
      return new Feed({ topic, partition }, names.of(topic));
    });
    const assignment = new KafkaAssignment({
      partition,
      signal,
      feeds,
      reader,
      poke: () => this.#feeder.poke(),
      commit: (feed, offset) => this.#member.commit(feed.name, partition, offset),
    });
    for (const feed of feeds) this.#assignmentByFeed.set(feed, assignment);
    this.#feeder.add(feeds);
    try {
      await this.#options.run(assignment);
    } finally {
      this.#feeder.remove(feeds);
      for (const feed of feeds) this.#assignmentByFeed.delete(feed);
    }
  }
}

/** Waits for work, but not for ever. */
async function within(timeMs: number, work: Promise<unknown>): Promise<void> {
  const patience = new AbortController();
  const { signal } = patience;
  await Promise.race([work, sleep(timeMs, undefined, { signal }).catch(() => undefined)]);
  patience.abort();
}

interface AssignmentOptions {
  readonly partition: number;
  readonly signal: AbortSignal;
  readonly feeds: readonly Feed[];
  readonly reader: Reader;
  readonly poke: () => void;
  readonly commit: (feed: Feed, offset: number) => void;
}

class KafkaAssignment implements Assignment {
  readonly partition: number;
  readonly signal: AbortSignal;
  readonly #options: AssignmentOptions;
  #failure: unknown;
  #turn = 0;

  constructor(options: AssignmentOptions) {
    this.partition = options.partition;
    this.signal = options.signal;
    this.#options = options;
  }

  /** The inputs cannot be read on: `next` throws this. */
  fail(error: unknown): void {
    this.#failure = error;
    for (const feed of this.#options.feeds) feed.wake();
  }

  async seek(offsetByTopic: ReadonlyMap<Topic, number>): Promise<void> {
    for (const feed of this.#options.feeds) {
      const wanted = offsetByTopic.get(feed.place.topic);
      feed.seek(wanted ?? (await this.#options.reader.startOffset(feed.place)));
    }
    this.#options.poke();
  }

  async next(maxRecords: number, waitMs: number): Promise<readonly StoredRecord[]> {
    const taken = this.#take(maxRecords);
    if (taken.length > 0 || this.signal.aborted) return taken;
    await anyFed(this.#options.feeds, { signal: this.signal, waitMs });
    return this.signal.aborted ? [] : this.#take(maxRecords);
  }

  commit(offsetByTopic: ReadonlyMap<Topic, number>): void {
    for (const feed of this.#options.feeds) {
      const offset = offsetByTopic.get(feed.place.topic);
      if (offset !== undefined) this.#options.commit(feed, offset);
    }
  }

  /** Topics take turns at being first, so that a busy one never starves the others. */
  #take(maxRecords: number): readonly StoredRecord[] {
    if (this.#failure !== undefined) throw this.#failure;
    const { feeds, poke } = this.#options;
    const taken: StoredRecord[] = [];
    this.#turn = (this.#turn + 1) % feeds.length;
    for (let step = 0; step < feeds.length && taken.length < maxRecords; step += 1) {
      const feed = feeds[(this.#turn + step) % feeds.length];
      if (feed !== undefined) taken.push(...feed.take(maxRecords - taken.length).records);
    }
    if (taken.length > 0) poke();
    return taken;
  }
}
