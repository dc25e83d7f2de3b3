/** Following partitions of the embedded log: one loop each, woken by appends, never polling. */
import { setMaxListeners } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { EstopError } from '@estop/schemas/errors';
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
      if (nextOffset >= source.partition.endOffset) {
        await anyAppended([source.partition], { signal });
      } else {
        // Much to catch up with must not keep everybody else from their turn.
        await nextTurn();
      }
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
      signal.removeEventListener('abort', end);
      resolve();
    };
    const end = () => {
      arrivals.delete(check);
      reject(new EstopError('log-closed', 'the follower has ended'));
    };
    if (signal.aborted) return end();
    arrivals.add(check);
    signal.addEventListener('abort', end, { once: true });
    check();
  });
}

/** Until the next append to one of the partitions, the time is over, or the signal fires. */
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
