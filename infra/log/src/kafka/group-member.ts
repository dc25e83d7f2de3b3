/**
 * One member of a consumer group, for membership alone: joining, heartbeats, the assignment, group
 * offsets. Not kafkajs' consumer: that one beats between fetches, fetches a partition only after
 * every other one of the broker was handled, and seeks while it fetches. Here heartbeats depend on
 * nothing else, and inputs are read outside the group (feeder.ts).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '@estop/runtime/clock';
import { messageOf } from '@estop/schemas/errors';
import kafkajs from 'kafkajs';
import type Cluster from 'kafkajs/src/cluster/index.js';
import type { Broker } from 'kafkajs/src/cluster/index.js';
import { answered, type ClientConfig, refreshLeaders } from './client.ts';
import { assignCopartitioned, PROTOCOL } from './co-partition.ts';
import type { MemberNote } from './member-note.ts';

const { MemberAssignment, MemberMetadata } = kafkajs.AssignerProtocol;

const HEARTBEAT_MS = 1_000;
/** How long the group waits for a member to join again. */
const REBALANCE_TIMEOUT_MS = 15_000;
const REJOIN_MS = 200;
/** How long leaving may take: after it the group notices by itself. */
const LEAVE_MS = 2_000;
/** How long a request to join may take to arrive, by another connection than the one to leave. */
const ARRIVAL_MS = 100;

export interface GroupMemberOptions {
  /** Connections of this member alone: joining blocks one. */
  readonly cluster: Cluster;
  /** Shared connections, to leave by. */
  readonly leaveBy: Cluster;
  readonly group: string;
  /** Names on the broker of the co-partitioned inputs. */
  readonly names: readonly string[];
  readonly partitions: number;
  readonly clock: Clock;
  /** Where the membership is noted; null for nowhere. */
  readonly note: MemberNote | null;
  /** Silent for so long, it has lost its partitions, and knows it by its own clock. */
  readonly sessionTimeoutMs: number;
  readonly onAssigned: (partitions: readonly number[]) => void;
  /** The partitions are lost from now on; resolves when their runs have ended, or should have. */
  readonly onRevoked: () => Promise<void>;
  readonly onClientLog: ClientConfig['onClientLog'];
}

interface Generation {
  readonly broker: Broker;
  readonly generationId: number;
  readonly partitions: readonly number[];
}

export class GroupMember {
  readonly #options: GroupMemberOptions;
  readonly #control = new AbortController();
  readonly #offsets = new Map<string, { name: string; partition: number; offset: number }>();
  #memberId = '';
  /** Whom to leave for once this member waits in the group. */
  #predecessor: string | null;
  #leftForPredecessor: Promise<void> = Promise.resolve();
  readonly #ended: Promise<void>;

  constructor(options: GroupMemberOptions) {
    this.#options = options;
    this.#predecessor = options.note?.predecessor ?? null;
    this.#ended = this.#run();
  }

  /** Committed with the next heartbeat. */
  commit(name: string, partition: number, offset: number): void {
    this.#offsets.set(`${name}/${partition}`, { name, partition, offset });
  }

  /** Gives everything up and leaves; the caller closes the connections meanwhile. */
  async close(): Promise<void> {
    this.#control.abort();
    await this.#ended;
  }

  async #run(): Promise<void> {
    while (!this.#control.signal.aborted) {
      // Others may have gone further in what was ours.
      this.#offsets.clear();
      try {
        const generation = await this.#join();
        if (!this.#control.signal.aborted) this.#options.onAssigned(generation.partitions);
        await this.#stay(generation);
        await this.#options.onRevoked();
        await this.#commitOffsets(generation).catch(() => undefined);
      } catch (error) {
        await this.#options.onRevoked();
        if (!this.#control.signal.aborted) await this.#recover(error);
      }
    }
    await this.#leftForPredecessor;
    await this.#leave();
  }

  async #join(): Promise<Generation> {
    const { cluster, group, names, sessionTimeoutMs } = this.#options;
    const broker = await cluster.findGroupCoordinator({ groupId: group });
    const metadata = MemberMetadata.encode({
      version: 1,
      topics: [...names],
      userData: Buffer.alloc(0),
    });
    const joining = broker.joinGroup({
      groupId: group,
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: REBALANCE_TIMEOUT_MS,
      memberId: this.#memberId,
      groupProtocols: [{ name: PROTOCOL, metadata }],
    });
    this.#leaveForPredecessor();
    const joined = await answered(broker, joining, 2 * REBALANCE_TIMEOUT_MS);
    const { generationId, memberId, leaderId, members } = joined;
    this.#memberId = memberId;
    this.#note(memberId);
    const groupAssignment = leaderId === memberId ? this.#assign(members) : [];
    const syncing = broker.syncGroup({
      groupId: group,
      generationId,
      memberId,
      groupAssignment,
    });
    const synced = await answered(broker, syncing, 2 * REBALANCE_TIMEOUT_MS);
    const assigned = MemberAssignment.decode(synced.memberAssignment)?.assignment ?? {};
    const [first = ''] = names;
    return { broker, generationId, partitions: assigned[first] ?? [] };
  }

  #assign(
    members: readonly { readonly memberId: string }[],
  ): readonly { memberId: string; memberAssignment: Buffer }[] {
    const { names, partitions } = this.#options;
    const ids = members.map(({ memberId }) => memberId);
    return [...assignCopartitioned(ids, partitions)].map(([memberId, numbers]) => {
      const assignment = Object.fromEntries(names.map((name) => [name, [...numbers]]));
      const userData = Buffer.alloc(0);
      return {
        memberId,
        memberAssignment: MemberAssignment.encode({ version: 1, assignment, userData }),
      };
    });
  }

  /** Beats until the group wants its members to join again, or this one no longer belongs to it. */
  async #stay(generation: Generation): Promise<void> {
    const { clock, group, sessionTimeoutMs } = this.#options;
    const { signal } = this.#control;
    let { broker } = generation;
    let lastBeatMs = clock.monotonicMs();
    const leftMs = (): number => lastBeatMs + sessionTimeoutMs - clock.monotonicMs();
    while (!signal.aborted) {
      await sleep(HEARTBEAT_MS, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      const sentMs = clock.monotonicMs();
      try {
        const { generationId } = generation;
        await this.#within(leftMs(), async () => {
          await broker.heartbeat({
            groupId: group,
            groupGenerationId: generationId,
            memberId: this.#memberId,
          });
          // The group counts from when it took the beat, which was after that.
          lastBeatMs = sentMs;
          await this.#commitOffsets({ ...generation, broker });
        });
      } catch (error) {
        if (isRebalance(error)) return;
        // One that hung has taken of the time that was left.
        if (isExpelled(error) || leftMs() <= HEARTBEAT_MS) throw error;
        await this.#within(leftMs(), async () => {
          await refreshLeaders(this.#options.cluster);
          broker = await this.#options.cluster.findGroupCoordinator({ groupId: group });
        }).catch(() => undefined);
      }
    }
  }

  /** Whatever else hangs: after the session's time the partitions belong to others. */
  async #within(timeMs: number, work: () => Promise<void>): Promise<void> {
    const control = new AbortController();
    const { signal } = control;
    const timer = sleep(Math.max(1, timeMs), undefined, { signal }).then(
      () => Promise.reject(new Error('no heartbeat was answered in time')),
      () => undefined,
    );
    try {
      await Promise.race([work(), timer]);
    } finally {
      control.abort();
    }
  }

  async #commitOffsets({ broker, generationId }: Generation): Promise<void> {
    if (this.#offsets.size === 0) return;
    const topics = [...this.#offsets.values()].map(({ name, partition, offset }) => {
      return { topic: name, partitions: [{ partition, offset: String(offset) }] };
    });
    const committed = [...this.#offsets];
    const { group } = this.#options;
    await broker.offsetCommit({
      groupId: group,
      groupGenerationId: generationId,
      memberId: this.#memberId,
      topics,
    });
    // What failed is tried again with the next heartbeat, and what came meanwhile with it.
    for (const [place, offset] of committed) {
      if (this.#offsets.get(place) === offset) this.#offsets.delete(place);
    }
  }

  async #recover(error: unknown): Promise<void> {
    if (isExpelled(error)) this.#memberId = '';
    const { onClientLog, group, cluster } = this.#options;
    const message = `the membership of ${group} is renewed`;
    onClientLog?.({ level: 'warn', message, details: { cause: messageOf(error) } });
    await sleep(REJOIN_MS, undefined, { signal: this.#control.signal }).catch(() => undefined);
    if (!this.#control.signal.aborted) await refreshLeaders(cluster);
  }

  /**
   * Once this member waits in the group: a group that is left empty waits for more members first
   * (`group.initial.rebalance.delay.ms`).
   */
  #leaveForPredecessor(): void {
    const memberId = this.#predecessor;
    this.#predecessor = null;
    if (memberId === null) return;
    const { signal } = this.#control;
    const arrived = sleep(ARRIVAL_MS, undefined, { signal }).catch(() => undefined);
    this.#leftForPredecessor = arrived.then(() => this.#leaveAs(memberId)).catch(() => undefined);
  }

  #note(memberId: string): void {
    const { note, onClientLog, group } = this.#options;
    try {
      note?.write(memberId);
    } catch (error) {
      const message = `if this process is killed, ${group} waits for its session to end`;
      onClientLog?.({ level: 'warn', message, details: { cause: messageOf(error) } });
    }
  }

  /** So that others need not wait for the session's end. */
  async #leave(): Promise<void> {
    const { note } = this.#options;
    if (this.#memberId !== '') {
      await this.#leaveAs(this.#memberId)
        .then(() => note?.erase())
        .catch(() => undefined);
    }
    await note?.release();
  }

  async #leaveAs(memberId: string): Promise<void> {
    const { leaveBy, group } = this.#options;
    await this.#within(LEAVE_MS, async () => {
      const broker = await leaveBy.findGroupCoordinator({ groupId: group });
      await broker.leaveGroup({ groupId: group, memberId });
    });
  }
}

const REBALANCE = new Set(['REBALANCE_IN_PROGRESS']);
const EXPELLED = new Set(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID']);

function isRebalance(error: unknown): boolean {
  return REBALANCE.has(typeOf(error));
}

function isExpelled(error: unknown): boolean {
  return EXPELLED.has(typeOf(error));
}

function typeOf(error: unknown): string {
  return error instanceof Error && 'type' in error ? String(error.type) : '';
}
