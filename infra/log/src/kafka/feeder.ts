/**
 * Keeps feeds filled: one fetch per broker at a time, over all partitions it leads that have room.
 * The broker answers as soon as one of them has something new. Nobody waits for the partitions of
 * others: what is slow has a full buffer and is left out.
 */
import type { Clock } from '@estop/runtime/clock';
import { EstopError } from '@estop/schemas/errors';
import type Cluster from 'kafkajs/src/cluster/index.js';
import { closeCluster, leaderIdOf, refreshLeaders } from './client.ts';
import type { Feed } from './feed.ts';
import type { Reader } from './reader.ts';
import { type FetchResult, fetchBatches, NO_ERROR, OFFSET_OUT_OF_RANGE } from './wire-requests.ts';

/** How long a fetch may wait for news when it asks for everything. */
const IDLE_WAIT_MS = 250;
/** And when a feed could not be asked for: it joins the next one. */
const BUSY_WAIT_MS = 20;
const FETCH_BYTES_MAX = 4 * 1024 * 1024;
const PARTITION_BYTES_MAX = 512 * 1024;
const REST_MS = 100;

export interface FeederOptions {
  /** Connections of this feeder alone; closed with it. */
  readonly cluster: Cluster;
  readonly reader: Reader;
  readonly clock: Clock;
  /** What cannot be read on: the log was truncated. */
  readonly onFailure: (feed: Feed, error: unknown) => void;
}

export class Feeder {
  readonly #options: FeederOptions;
  readonly #feeds = new Set<Feed>();
  readonly #busyLeaders = new Set<number>();
  readonly #fetches = new Set<Promise<void>>();
  readonly #resting = new Set<Feed>();
  /** Feeds whose offset the broker does not have, until it is known why. */
  readonly #recovering = new Set<Feed>();
  #rest: NodeJS.Timeout | undefined;
  #refresh: Promise<void> | null = null;
  #isClosed = false;

  constructor(options: FeederOptions) {
    this.#options = options;
  }

  add(feeds: readonly Feed[]): void {
    for (const feed of feeds) this.#feeds.add(feed);
    this.poke();
  }

  remove(feeds: readonly Feed[]): void {
    for (const feed of feeds) this.#feeds.delete(feed);
  }

  /** Call when a feed has been sought or has room again. */
  poke(): void {
    if (this.#isClosed) return;
    const feedsByLeader = new Map<number, Feed[]>();
    for (const feed of this.#feeds) {
      if (!feed.isWanted || this.#resting.has(feed) || this.#recovering.has(feed)) continue;
      const nodeId = leaderIdOf(this.#options.cluster, feed.name, feed.place.partition);
      if (nodeId === undefined) this.#letRest(feed);
      else if (!this.#busyLeaders.has(nodeId)) {
        feedsByLeader.set(nodeId, [...(feedsByLeader.get(nodeId) ?? []), feed]);
      }
    }
    for (const [nodeId, feeds] of feedsByLeader) {
      const fetch = this.#fetch(nodeId, feeds).finally(() => {
        this.#fetches.delete(fetch);
        this.poke();
      });
      this.#fetches.add(fetch);
    }
  }

  /** Feeds nobody any more. */
  stop(): void {
    this.#isClosed = true;
    clearTimeout(this.#rest);
  }

  /** Stops, and closes the connections: a fetch under way is given up. */
  async close(): Promise<void> {
    this.stop();
    const { cluster } = this.#options;
    await closeCluster(cluster);
    await Promise.all([...this.#fetches, this.#refresh]);
    // What was just connecting then is connected now.
    await closeCluster(cluster);
  }

  async #fetch(nodeId: number, feeds: readonly Feed[]): Promise<void> {
    this.#busyLeaders.add(nodeId);
    const asked = feeds.map((feed) => ({ feed, offset: feed.fetchOffset ?? 0 }));
    for (const feed of feeds) feed.isFetching = true;
    const sentMs = this.#options.clock.monotonicMs();
    try {
      const broker = await this.#options.cluster.findBroker({ nodeId });
      const items = asked.map(({ feed, offset }) => {
        return { name: feed.name, partition: feed.place.partition, offset };
      });
      const isAll = feeds.length === this.#ledBy(nodeId);
      const results = await fetchBatches(broker, items, {
        maxWaitMs: isAll ? IDLE_WAIT_MS : BUSY_WAIT_MS,
        maxBytes: FETCH_BYTES_MAX,
        maxBytesPerPartition: PARTITION_BYTES_MAX,
      });
      this.#settle(asked, results, sentMs);
    } catch {
      for (const feed of feeds) this.#letRest(feed);
    } finally {
      for (const feed of feeds) feed.isFetching = false;
      this.#busyLeaders.delete(nodeId);
      this.#rotate(feeds);
    }
  }

  #settle(
    asked: readonly { readonly feed: Feed; readonly offset: number }[],
    results: readonly FetchResult[],
    sentMs: number,
  ): void {
    const byPlace = new Map(
      results.map((result) => [`${result.name}/${result.partition}`, result]),
    );
    for (const { feed, offset } of asked) {
      if (this.#isClosed) return;
      const result = byPlace.get(`${feed.name}/${feed.place.partition}`);
      if (result?.errorCode === NO_ERROR) {
        this.#accept(feed, () => feed.accept(offset, result.batches, sentMs));
      } else if (result?.errorCode === OFFSET_OUT_OF_RANGE) void this.#recover(feed, offset);
      else this.#letRest(feed);
    }
  }

  #accept(feed: Feed, accept: () => void): void {
    try {
      accept();
    } catch (error) {
      this.#fail(feed, error);
    }
  }

  async #recover(feed: Feed, offset: number): Promise<void> {
    this.#recovering.add(feed);
    try {
      const start = await this.#options.reader.readableFrom(feed.place, offset);
      if (feed.fetchOffset === offset) feed.seek(start);
    } catch (error) {
      const isFinal = error instanceof EstopError && error.code === 'log-truncated';
      if (isFinal) this.#fail(feed, error);
      else this.#letRest(feed);
    } finally {
      this.#recovering.delete(feed);
      this.poke();
    }
  }

  #fail(feed: Feed, error: unknown): void {
    this.#feeds.delete(feed);
    this.#options.onFailure(feed, error);
  }

  /** The first of a fetch that has records always gets a whole batch: all take turns. */
  #rotate(feeds: readonly Feed[]): void {
    const [first] = feeds;
    if (first !== undefined && this.#feeds.delete(first)) this.#feeds.add(first);
  }

  #ledBy(nodeId: number): number {
    const { cluster } = this.#options;
    let count = 0;
    for (const { name, place } of this.#feeds) {
      if (leaderIdOf(cluster, name, place.partition) === nodeId) count += 1;
    }
    return count;
  }

  #letRest(feed: Feed): void {
    this.#resting.add(feed);
    if (this.#isClosed) return;
    this.#rest ??= setTimeout(() => {
      this.#refresh = this.#endRest();
    }, REST_MS);
  }

  async #endRest(): Promise<void> {
    await refreshLeaders(this.#options.cluster);
    this.#rest = undefined;
    this.#resting.clear();
    this.poke();
  }
}
