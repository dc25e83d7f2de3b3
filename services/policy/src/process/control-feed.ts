/**
 * Halts and fleet bundles reach every partition: this feed follows their topics once per process
 * and hands each partition the inputs it has not recorded yet, in order.
 */

import { partitionOfKey } from '@estop/log/partitioner';
import type { EventLog, Follower, StoredRecord } from '@estop/log/port';
import type { Logger } from '@estop/runtime/logger';
import { messageOf } from '@estop/schemas/errors';
import { supersedes } from '@estop/schemas/halts';
import type { PolicyHash } from '@estop/schemas/ids';
import type { Halt, PolicyRecord } from '@estop/schemas/messages';
import type { Fleet } from '../domain/fleet.ts';
import type { Input } from '../domain/input.ts';
import type { PartitionState } from '../domain/state.ts';

/** How long a partition waits for a bundle; a bundle that cannot be read here denies everything. */
const FLEET_WAIT_MS = 10_000;
/** Compiled bundles kept: the one in force and those that partitions may still be leaving. */
const FLEETS_MAX = 4;
const RETRY_MS = 1_000;
/** Bundle texts kept until they become active. */
const BUNDLES_MAX = 16;

export interface ControlInput {
  readonly stored: StoredRecord;
  readonly input: Input;
}

/** Compiles the files of a bundle; rejects when they are not fit to decide. */
export type LoadFleet = (files: ReadonlyMap<string, string>) => Promise<LoadedFleet>;

/** A fleet, and how to let go of what it holds outside of memory. */
export interface LoadedFleet extends Fleet {
  close?(): void;
}

type FleetNeed = Pick<PartitionState, 'partition' | 'fleetHash' | 'nextOffsetByTopic'>;

/** The newest halt per scope and the bundle in force, and whoever waits for news of them. */
export class ControlFeed {
  readonly #deps: {
    readonly log: EventLog;
    readonly loadFleet: LoadFleet;
    readonly logger: Logger;
  };
  readonly #latestByKey = new Map<string, ControlInput>();
  readonly #listeners = new Set<() => void>();
  readonly #fleetByHash = new Map<PolicyHash, LoadedFleet>();
  readonly #filesByHash = new Map<PolicyHash, ReadonlyMap<string, string>>();
  #started: Promise<void> | null = null;
  #follower: Follower | null = null;
  #isLive = false;
  #isClosed = false;
  #retry: NodeJS.Timeout | undefined;

  constructor(deps: {
    readonly log: EventLog;
    readonly loadFleet: LoadFleet;
    readonly logger: Logger;
  }) {
    this.#deps = deps;
  }

  /** False while halts and bundles cannot be followed: then nobody may decide. */
  get isLive(): boolean {
    return this.#isLive;
  }

  /** Resolves when everything that stood in both topics has been taken; follows until closed. */
  start(): Promise<void> {
    this.#started ??= this.#start();
    return this.#started;
  }

  async #start(): Promise<void> {
    let hasFailed = false;
    this.#follower = await this.#deps.log.follow({
      sources: [
        { topic: 'policies.v1', partition: 0, from: 'start' },
        { topic: 'halts.v1', partition: 0, from: 'start' },
      ],
      onBatch: (records) => this.#take(records),
      onFailure: (error) => {
        hasFailed = true;
        this.#restart(error);
      },
    });
    await this.#follower.caughtUp();
    if (!hasFailed) this.#isLive = true;
  }

  /** The log does not restart a follower that failed. Both topics are compacted, so from the start. */
  #restart(error: unknown): void {
    this.#isLive = false;
    // A follower that fails while it catches up is told of twice.
    if (this.#isClosed || this.#retry !== undefined) return;
    this.#deps.logger.error({ error: messageOf(error) }, 'halts cannot be followed; trying again');
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#start().catch((again: unknown) => this.#restart(again));
    }, RETRY_MS);
  }

  fleet(hash: PolicyHash | null): Fleet | null {
    return hash === null ? null : (this.#fleetByHash.get(hash) ?? null);
  }

  /** What a partition has not recorded: offsets at or above its next ones, in log order. */
  inputsFor(
    partition: number,
    nextOffsetByTopic: ReadonlyMap<string, number>,
  ): readonly ControlInput[] {
    return [...this.#latestByKey.values()]
      .filter(({ stored }) => stored.offset >= (nextOffsetByTopic.get(stored.topic) ?? 0))
      .filter(({ input }) => this.#isFor(partition, input))
      .sort((one, other) => inOrder(one.stored, other.stored));
  }

  /**
   * Resolves when this process can decide by the bundle that a partition is under, or by a newer one
   * that it knows; after a bounded time in any case. Another process may have been faster to compile
   * what it left in force: to deny meanwhile would be final, and wrong.
   */
  async untilFleet({ partition, fleetHash, nextOffsetByTopic }: FleetNeed): Promise<void> {
    const isKnown = (): boolean => {
      if (this.#isClosed || fleetHash === null || this.#fleetByHash.has(fleetHash)) return true;
      const inputs = this.inputsFor(partition, nextOffsetByTopic);
      return inputs.some(({ input }) => input.type === 'fleet');
    };
    if (isKnown()) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, FLEET_WAIT_MS);
      const stop = this.onNews(() => {
        if (isKnown()) done();
      });
      function done(): void {
        clearTimeout(timer);
        stop();
        resolve();
      }
    });
  }

  /** Calls back on every news until the returned function is called. */
  onNews(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    for (const listener of this.#listeners) listener();
    await this.#follower?.close();
    for (const fleet of this.#fleetByHash.values()) fleet.close?.();
  }

  #isFor(partition: number, input: Input): boolean {
    if (input.type !== 'halt') return true;
    const { agent } = input.halt.scope;
    return agent === null || partitionOfKey(agent, this.#deps.log.partitions) === partition;
  }

  async #take(records: readonly StoredRecord[]): Promise<void> {
    const { log, logger } = this.#deps;
    await log.learnSchemas(records);
    for (const stored of records) {
      if (stored.value === null) continue;
      if (!log.isLinked(stored)) {
        logger.warn(
          { topic: stored.topic, offset: stored.offset },
          'unauthenticated control record',
        );
        continue;
      }
      try {
        if (stored.topic === 'halts.v1')
          this.#takeHalt(stored, log.codec('halts.v1').decode(stored.value));
        else await this.#takePolicy(stored, log.codec('policies.v1').decode(stored.value));
      } catch (error) {
        const where = { topic: stored.topic, offset: stored.offset, error: messageOf(error) };
        logger.error(where, 'control record not taken; what was in force stays');
      }
    }
    for (const listener of this.#listeners) listener();
  }

  #takeHalt(stored: StoredRecord, halt: Halt): void {
    const { key } = stored;
    const input: Input = { type: 'halt', halt };
    const known = this.#latestByKey.get(`halt ${key}`)?.input;
    if (known?.type === 'halt' && !supersedes(halt, known.halt)) return;
    this.#latestByKey.set(`halt ${key}`, { stored, input });
  }

  async #takePolicy(stored: StoredRecord, record: PolicyRecord): Promise<void> {
    if (record.files !== null) {
      keep(this.#filesByHash, [record.hash, new Map(Object.entries(record.files))], BUNDLES_MAX);
      return;
    }
    if (!this.#fleetByHash.has(record.hash)) {
      const files = this.#filesByHash.get(record.hash);
      if (files === undefined) throw new Error(`bundle ${record.hash} is not in policies.v1`);
      const fleet = await this.#deps.loadFleet(files);
      for (const old of keep(this.#fleetByHash, [record.hash, fleet], FLEETS_MAX)) old.close?.();
    }
    this.#latestByKey.set('fleet', { stored, input: { type: 'fleet', hash: record.hash } });
  }
}

/** Fleets before halts, each in the order of its topic. */
function inOrder(one: StoredRecord, other: StoredRecord): number {
  if (one.topic === other.topic) return one.offset - other.offset;
  return one.topic < other.topic ? 1 : -1;
}

/** Sets an entry as the newest; answers what it dropped beyond the bound, oldest first. */
function keep<Key, Value>(
  map: Map<Key, Value>,
  [key, value]: readonly [Key, Value],
  max: number,
): readonly Value[] {
  const dropped: Value[] = [];
  map.delete(key);
  map.set(key, value);
  for (const [oldest, old] of map) {
    if (map.size <= max) break;
    map.delete(oldest);
    dropped.push(old);
  }
  return dropped;
}
