/** Following partitions of the embedded log: one loop each, woken by appends, never polling. */
import { setMaxListeners } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '@estop/runtime/clock';
import type { Follower, FollowOptions } from '../port.ts';
import { untilAny, untilArrived } from '../waiting.ts';
import type { EmbeddedPartition } from './partition.ts';

const BATCH_RECORDS = 500;

export interface FollowedPartition {
  readonly partition: EmbeddedPartition;
  nextOffset: number;
}

export function followPartitions(
  followed: readonly FollowedPartition[],
  options: FollowOptions,
  clock: Clock,
): Follower {
  const control = new AbortController();
  const { signal } = control;
  // One listener per partition is no leak.
  setMaxListeners(0, signal);
  let caughtUpMs = Number.NEGATIVE_INFINITY;
  const arrivals = new Set<() => void>([noteCaughtUp]);
  let hasFailed = false;

  function noteCaughtUp(): void {
    if (isCaughtUp(followed)) caughtUpMs = clock.monotonicMs();
  }

  async function run(source: FollowedPartition): Promise<void> {
    while (!signal.aborted) {
      const max = options.maxRecords ?? BATCH_RECORDS;
      const { records, nextOffset } = source.partition.read(source.nextOffset, max);
      if (records.length > 0) await options.onBatch(records);
      source.nextOffset = nextOffset;
      for (const arrived of [...arrivals]) arrived();
      if (nextOffset >= source.partition.endOffset) {
        await untilAny([(waiter) => source.partition.onSynced(waiter)], { signal });
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
    caughtUp: () => caughtUp(followed, { arrivals, signal }),
    silentMs: () => (isCaughtUp(followed) ? 0 : clock.monotonicMs() - caughtUpMs),
    async close() {
      control.abort();
      await loops;
    },
  };
}

function isCaughtUp(followed: readonly FollowedPartition[]): boolean {
  return followed.every(({ partition, nextOffset }) => nextOffset >= partition.endOffset);
}

function caughtUp(
  followed: readonly FollowedPartition[],
  state: { readonly arrivals: Set<() => void>; readonly signal: AbortSignal },
): Promise<void> {
  const goals = followed.map((source) => ({ source, end: source.partition.endOffset }));
  return untilArrived(() => goals.every(({ source, end }) => source.nextOffset >= end), state);
}
