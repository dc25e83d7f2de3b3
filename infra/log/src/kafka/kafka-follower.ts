/** Following partitions outside any group: every follower gets every record. */

import { setMaxListeners } from 'node:events';
import type { Clock } from '@estop/runtime/clock';
import type Cluster from 'kafkajs/src/cluster/index.js';
import type { Follower, FollowOptions } from '../port.ts';
import { untilArrived } from '../waiting.ts';
import { anyFed, Feed } from './feed.ts';
import { Feeder } from './feeder.ts';
import type { Reader } from './reader.ts';
import type { TopicNames } from './topic-names.ts';

const BATCH_RECORDS = 500;

export interface FollowContext {
  /** Connections of this follower alone; closed with it. */
  readonly cluster: Cluster;
  readonly reader: Reader;
  readonly names: TopicNames;
  readonly clock: Clock;
}

interface Followed {
  readonly feed: Feed;
  /** Everything below has been handed over. */
  nextOffset: number;
}

/** Starts following; resolves when it is known where each source starts. */
export async function followPartitions(
  context: FollowContext,
  options: FollowOptions,
): Promise<Follower> {
  const followed = await openFeeds(context, options);
  const control = new AbortController();
  const { signal } = control;
  // One listener per partition is no leak.
  setMaxListeners(0, signal);
  const arrivals = new Set<() => void>();
  let hasFailed = false;

  async function run(source: Followed): Promise<void> {
    const { feed } = source;
    while (!signal.aborted) {
      const { records, nextOffset } = feed.take(options.maxRecords ?? BATCH_RECORDS);
      if (records.length > 0) {
        feeder.poke();
        await options.onBatch(records);
      }
      source.nextOffset = nextOffset;
      for (const arrived of [...arrivals]) arrived();
      if (records.length === 0) await anyFed([feed], { signal });
    }
  }

  function fail(error: unknown): void {
    control.abort();
    feeder.stop();
    if (hasFailed) return;
    hasFailed = true;
    options.onFailure(error);
  }

  const { cluster, reader, clock } = context;
  const feeder = new Feeder({ cluster, reader, clock, onFailure: (_feed, error) => fail(error) });
  feeder.add(followed.map(({ feed }) => feed));
  const loops = Promise.all(followed.map((source) => run(source).catch(fail)));
  return {
    caughtUp: () => caughtUp(followed, { reader, arrivals, signal }),
    silentMs() {
      const heardMs = Math.min(...followed.map(({ feed }) => feed.heardMs));
      return clock.monotonicMs() - heardMs;
    },
    async close() {
      control.abort();
      await Promise.all([loops, feeder.close()]);
    },
  };
}

async function openFeeds(
  { reader, names }: FollowContext,
  { sources }: FollowOptions,
): Promise<readonly Followed[]> {
  const starts = await reader.offsets(sources, 'start');
  const ends = await reader.offsets(sources, 'end');
  return sources.map(({ topic, partition, from }, index) => {
    const start = starts[index] ?? 0;
    const nextOffset = from === 'start' ? start : from === 'end' ? (ends[index] ?? 0) : from;
    const feed = new Feed({ topic, partition }, names.of(topic));
    feed.seek(nextOffset);
    return { feed, nextOffset };
  });
}

async function caughtUp(
  followed: readonly Followed[],
  context: { reader: Reader; arrivals: Set<() => void>; signal: AbortSignal },
): Promise<void> {
  const { reader, arrivals, signal } = context;
  const ends = await reader.offsets(
    followed.map(({ feed }) => feed.place),
    'end',
  );
  const isThere = () => followed.every(({ nextOffset }, index) => nextOffset >= (ends[index] ?? 0));
  await untilArrived(isThere, { arrivals, signal });
}
