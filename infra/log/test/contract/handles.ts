/** What an adapter keeps of followers, memberships and itself beyond a log in memory. */
import type { EventLog } from '@estop/log/port';
import { beforeEach, describe, expect, it } from 'vitest';
import { COMMANDS, eventually, INTENTS, record, texts, untilAborted } from './subject.ts';

export function describeHandles(opened: () => EventLog): void {
  describe('what is open', () => {
    let log: EventLog;

    beforeEach(() => {
      log = opened();
    });

    it('holds back no partition for one whose batch takes long', async () => {
      await log.append(INTENTS, 0, [record('slow')]);
      await log.append(INTENTS, 1, [record('a')]);
      const seen: (string | null)[] = [];
      let letGo: () => void = () => undefined;
      const slow = new Promise<void>((resolve) => {
        letGo = resolve;
      });
      const follower = await log.follow({
        sources: [0, 1].map((partition) => ({ topic: INTENTS, partition, from: 'start' as const })),
        onBatch(records) {
          if (records[0]?.partition === 0) return slow;
          seen.push(...texts(records));
          return undefined;
        },
        onFailure: (error) => seen.push(String(error)),
      });
      await eventually(() => expect(seen).toEqual(['a']));
      await log.append(INTENTS, 1, [record('b')]);
      await eventually(() => expect(seen).toEqual(['a', 'b']));
      letGo();
      await follower.close();
    });

    it('answers a ping while appends work, and refuses one after it was closed', async () => {
      await log.ping();
      await log.close();
      await expect(log.ping()).rejects.toMatchObject({ code: 'log-closed' });
    });

    it('ends the memberships and followers that are open when it is closed', async () => {
      const running = new Set<number>();
      const seen: unknown[] = [];
      await log.join({
        group: 'contract',
        inputs: [COMMANDS],
        async run({ partition, signal }) {
          running.add(partition);
          await untilAborted(signal);
          running.delete(partition);
        },
        onFailure: (_partition, error) => seen.push(error),
      });
      await log.follow({
        sources: [{ topic: INTENTS, partition: 0, from: 'start' }],
        onBatch: (records) => void seen.push(...records),
        onFailure: (error) => seen.push(error),
      });
      await eventually(() => expect(running.size).toBe(log.partitions));
      await log.close();
      expect(running.size).toBe(0);
      expect(seen).toEqual([]);
    });
  });
}
