/** Following partitions of the embedded log: one loop each, woken by appends, never polling. */
import { setMaxListeners } from 'node:events';
import type { Follower, FollowOptions } from '../port.ts';
import type { EmbeddedPartition } from './partition.ts';

const BATCH_RECORDS = 500;

export interface FollowedPartition {
  readonly partition: EmbeddedPartition;
  nextOffset: number;
}

export function followPartitions(
  followed: readonly FollowedPartition[],
  options: FollowOptions,
): Follower {
  const control = new AbortController();
  const { signal } = control;
  // One listener per partition is no leak.
  setMaxListeners(0, signal);
  const arrivals = new Set<() => void>();
  let hasFailed = false;

  async function run(source: FollowedPartition): Promise<void> {
    while (!signal.aborted) {
      const max = options.maxRecords ?? BATCH_RECORDS;
      const { records, nextOffset } = source.partition.read(source.nextOffset, max);
      if (records.length > 0) await options.onBatch(records);
      source.nextOffset = nextOffset;
      for (const arrived of [...arrivals]) arrived();
      if (nextOffset >= source.partition.endOffset) await appended(source.partition, { signal });
    }
  }

  function fail(error: unknown): void {
    control.abort();
    if (hasFailed) return;
    hasFailed = true;
    options.onFailure(error);
  }

  const loops = Promise.all(followed.map((source) => run(source).catch(fail)));
  return {
    caughtUp: () => caughtUp(followed, arrivals, signal),
    async close() {
      control.abort();
      await loops;
    },
  };
}

function caughtUp(
  followed: readonly FollowedPartition[],
  arrivals: Set<() => void>,
  signal: AbortSignal,
): Promise<void> {
  const goals = followed.map((source) => ({ source, end: source.partition.endOffset }));
  const isThere = () => goals.every(({ source, end }) => source.nextOffset >= end);
  return new Promise((resolve, reject) => {
    const check = () => {
      if (!isThere()) return;
      arrivals.delete(check);
      resolve();
    };
    arrivals.add(check);
    signal.addEventListener('abort', () => reject(new Error('the follower has ended')), {
      once: true,
    });
    check();
  });
}

/** Until the next append to the partition, the time is over, or the signal fires. */
export function appended(
  partition: EmbeddedPartition,
  until: { readonly signal: AbortSignal; readonly waitMs?: number },
): Promise<void> {
  return anyAppended([partition], until);
}

export function anyAppended(
  partitions: readonly EmbeddedPartition[],
  { signal, waitMs }: { readonly signal: AbortSignal; readonly waitMs?: number },
): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const stops = partitions.map((partition) => partition.onAppend(done));
    const timer = waitMs === undefined ? undefined : setTimeout(done, waitMs);
    signal.addEventListener('abort', done);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      for (const stop of stops) stop();
      resolve();
    }
  });
}
