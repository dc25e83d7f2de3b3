/** What every adapter keeps of following. */
import type { EventLog } from '@estop/log/port';
import { beforeEach, describe, expect, it } from 'vitest';
import { eventually, INTENTS, record, texts } from './subject.ts';

export function describeFollowing(opened: () => EventLog): void {
  describe('following', () => {
    let log: EventLog;

    beforeEach(() => {
      log = opened();
    });

    it.each([
      ['the start', 'start', ['a', 'b', 'c']],
      ['a number', 1, ['b', 'c']],
      ['the end', 'end', ['c']],
    ] as const)('hands over everything from %s on, in order', async (_what, from, expected) => {
      await log.append(
        INTENTS,
        0,
        ['a', 'b'].map((text) => record(text)),
      );
      const seen: (string | null)[] = [];
      const follower = await log.follow({
        sources: [{ topic: INTENTS, partition: 0, from }],
        onBatch: (records) => void seen.push(...texts(records)),
        onFailure: (error) => seen.push(String(error)),
      });
      await follower.caughtUp();
      await log.append(INTENTS, 0, [record('c')]);
      await follower.caughtUp();
      await eventually(() => expect(seen).toEqual(expected));
      await follower.close();
    });

    it('knows for how long there may be something that it has not handed over', async () => {
      const follower = await log.follow({
        sources: [{ topic: INTENTS, partition: 0, from: 'start' }],
        onBatch: () => undefined,
        onFailure: () => undefined,
      });
      await eventually(() => expect(follower.silentMs()).toBeLessThan(2_000));
      await follower.close();
    });

    it('has not heard what it is still handing over', async () => {
      await log.append(INTENTS, 0, [record('a')]);
      let release = (): void => undefined;
      let isTaken = false;
      const follower = await log.follow({
        sources: [{ topic: INTENTS, partition: 0, from: 'start' }],
        onBatch() {
          isTaken = true;
          return new Promise<void>((resolve) => {
            release = resolve;
          });
        },
        onFailure: () => undefined,
      });
      await eventually(() => expect(isTaken).toBe(true));
      expect(follower.silentMs()).toBe(Number.POSITIVE_INFINITY);
      release();
      await eventually(() => expect(follower.silentMs()).toBeLessThan(2_000));
      await follower.close();
    });

    it('waits for the one who follows before it hands over more of a partition', async () => {
      await log.append(
        INTENTS,
        0,
        ['a', 'b', 'c', 'd'].map((text) => record(text)),
      );
      let underWay = 0;
      const sizes: number[] = [];
      const follower = await log.follow({
        sources: [{ topic: INTENTS, partition: 0, from: 'start' }],
        maxRecords: 2,
        async onBatch(records) {
          underWay += 1;
          expect(underWay).toBe(1);
          await new Promise((resolve) => setTimeout(resolve, 10));
          sizes.push(records.length);
          underWay -= 1;
        },
        onFailure: (error) => sizes.push(Number(error)),
      });
      await eventually(() => expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(4));
      expect(Math.max(...sizes)).toBeLessThanOrEqual(2);
      await follower.close();
    });

    it('ends and tells once when the one who follows fails', async () => {
      await log.append(INTENTS, 0, [record('a')]);
      const failures: unknown[] = [];
      const follower = await log.follow({
        sources: [{ topic: INTENTS, partition: 0, from: 'start' }],
        onBatch: () => Promise.reject(new Error('no more')),
        onFailure: (error) => failures.push(error),
      });
      await eventually(() => expect(failures).toHaveLength(1));
      await log.append(INTENTS, 0, [record('b')]);
      await follower.close();
      expect(failures).toHaveLength(1);
    });

    it('hands over nothing after it was closed', async () => {
      const seen: unknown[] = [];
      const follower = await log.follow({
        sources: [{ topic: INTENTS, partition: 0, from: 'start' }],
        onBatch: (records) => void seen.push(...records),
        onFailure: (error) => seen.push(error),
      });
      await follower.close();
      await log.append(INTENTS, 0, [record('a')]);
      expect(seen).toEqual([]);
    });

    it('has caught up when all of every partition has been handed over', async () => {
      const records = Array.from({ length: 700 }, (_, index) => record(`${index}`));
      for (const partition of [0, 1, 2]) {
        await log.append(INTENTS, partition, records.slice(0, 500));
        await log.append(INTENTS, partition, records.slice(500));
      }
      const seen = new Map<number, number[]>();
      const follower = await log.follow({
        sources: [0, 1, 2].map((partition) => {
          return { topic: INTENTS, partition, from: 'start' as const };
        }),
        onBatch(batch) {
          for (const { partition, offset } of batch) {
            seen.set(partition, [...(seen.get(partition) ?? []), offset]);
          }
        },
        onFailure: (error) => expect.unreachable(String(error)),
      });
      await follower.caughtUp();
      const everyOffset = records.map((_, offset) => offset);
      expect([...seen].sort()).toEqual([0, 1, 2].map((partition) => [partition, everyOffset]));
      await follower.close();
    });
  });
}
