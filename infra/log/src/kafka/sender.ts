/**
 * Writes batches with an idempotent producer's identity. A broker works on one request of a
 * connection at a time, so there is one request per leader under way, with one batch of each
 * partition that has something to write; the rest gathers meanwhile. The next batch of a partition
 * goes out after the one before it was acknowledged, so order holds and positions are proof.
 */

import type { Clock } from '@estop/runtime/clock';
import { EstopError, messageOf } from '@estop/schemas/errors';
import type Cluster from 'kafkajs/src/cluster/index.js';
import errors from 'kafkajs/src/protocol/error.js';
import { APPENDS_PENDING_MAX } from '../port.ts';
import { leaderIdOf, refreshLeaders } from './client.ts';
import type { NamedPlace } from './reader.ts';
import { identify } from './record-batch.ts';
import { NO_ERROR, type ProduceResult, produce } from './wire-requests.ts';
import type { Writing } from './writing.ts';

/** How long an append is tried before its fate counts as unknown. */
const APPEND_TIMEOUT_MS = 30_000;
/** How long a leader may wait for its followers; below the timeout of the request. */
const REPLICATION_TIMEOUT_MS = 8_000;
const REQUEST_BYTES_MAX = 32 * 1024 * 1024;
const PENDING_BYTES_MAX = 256 * 1024 * 1024;
const REST_MS = 100;
const CLOSE_TIMEOUT_MS = 5_000;
/** Sequence numbers start again at zero after 2^31 − 1, also within a batch. */
const SEQUENCES = 2 ** 31;
const MESSAGE_TOO_LARGE = 10;
const RECORD_LIST_TOO_LARGE = 18;
/** What a broker has never seen written, or says so itself, is tried again under the same number. */
const RETRIED = new Set([2, 3, 5, 6, 7, 9, 13, 19, 20, 56, 74, 75]);

interface Identity {
  readonly producerId: bigint;
  readonly epoch: number;
}

interface Lane extends NamedPlace {
  readonly queue: Writing[];
  identity: Identity | null;
  sequence: number;
  isUnderWay: boolean;
}

interface Sending {
  readonly lane: Lane;
  readonly writing: Writing;
  readonly batch: Buffer;
}

export class Sender {
  readonly #cluster: Cluster;
  readonly #clock: Clock;
  readonly #lanes = new Map<string, Lane>();
  /** Lanes that have something to write and nothing under way, first come first. */
  readonly #ready = new Set<Lane>();
  readonly #busyLeaders = new Set<number>();
  #identity: Identity | null = null;
  #pending = 0;
  #pendingBytes = 0;
  readonly #resting = new Set<Lane>();
  #rest: NodeJS.Timeout | undefined;
  #refresh: Promise<void> | null = null;
  #closing: NodeJS.Timeout | undefined;
  #isIdentifying = false;
  #isClosed = false;
  #onIdle: (() => void) | null = null;

  constructor(cluster: Cluster, clock: Clock) {
    this.#cluster = cluster;
    this.#clock = clock;
  }

  /** The newest batch of a partition that is not yet on its way, to add to it. */
  lastWaiting(name: string, partition: number): Writing | undefined {
    return this.#lanes.get(`${name}/${partition}`)?.queue.at(-1);
  }

  write(at: NamedPlace, writing: Writing): void {
    this.refuse(writing.bytes);
    this.#pending += 1;
    this.#pendingBytes += writing.bytes;
    const lane = this.#laneOf(at);
    lane.queue.push(writing);
    if (!lane.isUnderWay && !this.#resting.has(lane)) this.#ready.add(lane);
    // What is written in the same turn of the event loop shares the first request.
    queueMicrotask(() => this.#pump());
  }

  /** Throws `log-closed` or `log-overloaded` when this much more cannot be taken. */
  refuse(bytes: number): void {
    if (this.#isClosed) throw new EstopError('log-closed', 'the log is closed');
    const isFull = this.#pending >= APPENDS_PENDING_MAX;
    if (!isFull && this.#pendingBytes + bytes <= PENDING_BYTES_MAX) return;
    throw new EstopError('log-overloaded', `${this.#pending} appends wait for Kafka already`);
  }

  /** Counts what was added to a batch that waits. */
  grew(bytes: number): void {
    this.#pendingBytes += bytes;
  }

  /** Refuses new batches and waits, not for ever, for those that are under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#pending > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
        this.#closing = setTimeout(() => this.#abandon(), CLOSE_TIMEOUT_MS);
      });
    }
    clearTimeout(this.#closing);
    clearTimeout(this.#rest);
    await this.#refresh;
  }

  #laneOf(at: NamedPlace): Lane {
    const key = `${at.name}/${at.partition}`;
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = { ...at, queue: [], identity: null, sequence: 0, isUnderWay: false };
      this.#lanes.set(key, lane);
    }
    return lane;
  }

  #pump(): void {
    if (this.#ready.size === 0) return;
    if (this.#identity === null) this.#identify();
    else this.#dispatch(this.#identity);
  }

  #identify(): void {
    if (this.#isIdentifying) return;
    this.#isIdentifying = true;
    this.#newIdentity()
      .then((identity) => {
        this.#identity = identity;
      })
      .catch((error) => {
        for (const lane of this.#ready) this.#tryAgain(lane, error);
      })
      .finally(() => {
        this.#isIdentifying = false;
        this.#pump();
      });
  }

  #dispatch(identity: Identity): void {
    const lanesByLeader = new Map<number, Lane[]>();
    for (const lane of this.#ready) {
      const nodeId = leaderIdOf(this.#cluster, lane.name, lane.partition);
      if (nodeId === undefined) this.#tryAgain(lane, new Error('nobody leads the partition'));
      else if (!this.#busyLeaders.has(nodeId)) {
        lanesByLeader.set(nodeId, [...(lanesByLeader.get(nodeId) ?? []), lane]);
      }
    }
    for (const [nodeId, lanes] of lanesByLeader)
      void this.#send(nodeId, this.#take(lanes, identity));
  }

  async #newIdentity(): Promise<Identity> {
    const broker = await this.#cluster.findControllerBroker();
    const request = { transactionalId: null, transactionTimeout: APPEND_TIMEOUT_MS };
    const { producerId, producerEpoch } = await broker.initProducerId(request);
    return { producerId: BigInt(producerId), epoch: producerEpoch };
  }

  #take(lanes: readonly Lane[], identity: Identity): readonly Sending[] {
    const taken: Sending[] = [];
    let bytes = 0;
    for (const lane of lanes) {
      const [writing] = lane.queue;
      if (writing === undefined || bytes > REQUEST_BYTES_MAX) break;
      const batch = writing.batch ?? numbered(lane, writing, identity);
      bytes += batch.length;
      lane.isUnderWay = true;
      this.#ready.delete(lane);
      taken.push({ lane, writing, batch });
    }
    return taken;
  }

  async #send(nodeId: number, sent: readonly Sending[]): Promise<void> {
    this.#busyLeaders.add(nodeId);
    try {
      const broker = await this.#cluster.findBroker({ nodeId });
      const items = sent.map(({ lane, batch }) => {
        return { name: lane.name, partition: lane.partition, batch };
      });
      this.#settle(sent, await produce(broker, items, REPLICATION_TIMEOUT_MS));
    } catch (error) {
      for (const { lane } of sent) this.#tryAgain(lane, error);
    }
    this.#busyLeaders.delete(nodeId);
    this.#pump();
  }

  #settle(sent: readonly Sending[], results: readonly ProduceResult[]): void {
    const byPlace = new Map(
      results.map((result) => [`${result.name}/${result.partition}`, result]),
    );
    for (const { lane, writing } of sent) {
      // Nobody waits for it any more.
      if (lane.queue[0] !== writing) continue;
      const result = byPlace.get(`${lane.name}/${lane.partition}`);
      if (result?.errorCode === NO_ERROR) this.#acknowledge(lane, writing, result);
      else this.#refused(lane, writing, result?.errorCode ?? -1);
    }
  }

  #acknowledge(lane: Lane, writing: Writing, { baseOffset, timestampMs }: ProduceResult): void {
    this.#finish(lane, writing);
    writing.resolve({ baseOffset, timestampMs });
  }

  #refused(lane: Lane, writing: Writing, code: number): void {
    const cause = errors.createErrorFromCode(code);
    if (RETRIED.has(code)) return this.#tryAgain(lane, cause);
    const isTooLarge = code === MESSAGE_TOO_LARGE || code === RECORD_LIST_TOO_LARGE;
    this.#fail(lane, writing, { code: isTooLarge ? 'record-too-large' : 'log-unavailable', cause });
  }

  /** Lets a lane rest before it goes on; fails what it has tried for too long. */
  #tryAgain(lane: Lane, cause: unknown): void {
    lane.isUnderWay = false;
    const oldestMs = this.#clock.monotonicMs() - APPEND_TIMEOUT_MS;
    for (let [first] = lane.queue; first && first.queuedAtMs <= oldestMs; [first] = lane.queue) {
      this.#fail(lane, first, { code: 'log-unavailable', cause });
    }
    this.#ready.delete(lane);
    if (lane.queue.length === 0) return;
    this.#resting.add(lane);
    this.#rest ??= setTimeout(() => {
      this.#refresh = this.#endRest();
    }, REST_MS);
  }

  async #endRest(): Promise<void> {
    await refreshLeaders(this.#cluster);
    this.#rest = undefined;
    for (const lane of this.#resting) this.#ready.add(lane);
    this.#resting.clear();
    this.#pump();
  }

  #fail(
    lane: Lane,
    writing: Writing,
    { code, cause }: { code: 'log-unavailable' | 'record-too-large'; cause: unknown },
  ): void {
    this.#identity = null;
    this.#finish(lane, writing);
    const text = `${lane.name}/${lane.partition} cannot be written: ${messageOf(cause)}`;
    writing.reject(new EstopError(code, text, { cause }));
  }

  #finish(lane: Lane, writing: Writing): void {
    lane.queue.shift();
    lane.isUnderWay = false;
    if (lane.queue.length > 0) this.#ready.add(lane);
    else this.#ready.delete(lane);
    this.#pending -= 1;
    this.#pendingBytes -= writing.bytes;
    if (this.#pending === 0) this.#onIdle?.();
  }

  #abandon(): void {
    const cause = new Error('the log was closed before Kafka answered');
    for (const lane of this.#lanes.values()) {
      for (let [first] = lane.queue; first !== undefined; [first] = lane.queue) {
        this.#fail(lane, first, { code: 'log-unavailable', cause });
      }
    }
  }
}

/**
 * A batch keeps its number for good, so that the broker knows it when it is sent again. After a
 * failure all goes on under a new identity: under the old one a new batch of the same number would
 * be taken for the old one, and acknowledged without being written.
 */
function numbered(lane: Lane, writing: Writing, identity: Identity): Buffer {
  if (lane.identity !== identity) {
    lane.identity = identity;
    lane.sequence = 0;
  }
  const batch = writing.encode();
  identify(batch, { ...identity, sequence: lane.sequence });
  lane.sequence = (lane.sequence + writing.count) % SEQUENCES;
  return batch;
}
