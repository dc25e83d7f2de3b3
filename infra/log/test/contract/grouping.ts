/** What every adapter keeps of co-partitioned groups. */
import type { EventLog } from '@estop/log/port';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  COMMANDS,
  eventually,
  INTENTS,
  OUTCOMES,
  readAll,
  record,
  texts,
  untilAborted,
  WAIT_MS,
} from './subject.ts';

export function describeGroups(opened: () => EventLog): void {
  describe('a co-partitioned group', () => {
    let log: EventLog;

    beforeEach(() => {
      log = opened();
    });

    it('runs every partition once and delivers its topics from the offsets sought', async () => {
      await log.append(
        INTENTS,
        1,
        ['i0', 'i1'].map((text) => record(text)),
      );
      await log.append(
        OUTCOMES,
        1,
        ['o0', 'o1'].map((text) => record(text)),
      );
      const seen = new Map<number, (string | null)[]>();
      const failures: unknown[] = [];
      const membership = await log.join({
        group: 'contract',
        inputs: [INTENTS, OUTCOMES],
        async run(assignment) {
          const { partition, signal } = assignment;
          expect(seen.has(partition)).toBe(false);
          const own: (string | null)[] = [];
          seen.set(partition, own);
          await assignment.seek(
            new Map([
              [INTENTS, 1],
              [OUTCOMES, 0],
            ]),
          );
          while (!signal.aborted) own.push(...texts(await assignment.next(10, 50)));
        },
        onFailure: (_partition, error) => failures.push(error),
      });
      await eventually(() => expect(seen.size).toBe(log.partitions));
      await eventually(() => expect(seen.get(1)?.slice().sort()).toEqual(['i1', 'o0', 'o1']));
      await log.append(INTENTS, 1, [record('i2')]);
      await eventually(() => expect(seen.get(1)).toContain('i2'));
      await membership.close();
      expect(failures).toEqual([]);
      expect(seen.get(0)).toEqual([]);
    });

    it('answers nothing when the time is over', async () => {
      const answers: unknown[] = [];
      const membership = await log.join({
        group: 'contract',
        inputs: [COMMANDS],
        async run(assignment) {
          await assignment.seek(new Map([[COMMANDS, 0]]));
          if (answers.length < log.partitions) answers.push(await assignment.next(10, 20));
          await untilAborted(assignment.signal);
        },
        onFailure: (_partition, error) => answers.push(error),
      });
      await eventually(() => expect(answers).toHaveLength(log.partitions));
      expect(answers.every((answer) => Array.isArray(answer) && answer.length === 0)).toBe(true);
      await membership.close();
    });

    it('tells of a failed run and starts it again', async () => {
      let runs = 0;
      const failures: unknown[] = [];
      const membership = await log.join({
        group: 'contract',
        inputs: [COMMANDS],
        async run({ partition, signal }) {
          if (partition !== 0) return untilAborted(signal);
          runs += 1;
          if (runs === 1) throw new Error('planted');
          return untilAborted(signal);
        },
        onFailure: (partition, error) => failures.push([partition, String(error)]),
      });
      await eventually(() => expect(runs).toBe(2));
      expect(failures).toEqual([[0, 'Error: planted']]);
      await membership.close();
    });

    it('commits offsets that a lag display can read', async () => {
      await log.append(
        COMMANDS,
        0,
        ['a', 'b'].map((text) => record(text)),
      );
      const membership = await log.join({
        group: 'contract',
        inputs: [COMMANDS],
        async run(assignment) {
          await assignment.seek(new Map([[COMMANDS, 0]]));
          await assignment.next(10, WAIT_MS);
          if (assignment.partition === 0) assignment.commit(new Map([[COMMANDS, 1]]));
          await untilAborted(assignment.signal);
        },
        onFailure: () => undefined,
      });
      await eventually(async () => {
        expect(await log.lag('contract')).toContainEqual({
          topic: COMMANDS,
          partition: 0,
          committedOffset: 1,
          endOffset: 2,
        });
      });
      await membership.close();
    });

    it('fires the signal and waits for the runs when it is closed', async () => {
      let ended = 0;
      const membership = await log.join({
        group: 'contract',
        inputs: [COMMANDS],
        async run({ signal }) {
          await untilAborted(signal);
          await new Promise((resolve) => setTimeout(resolve, 20));
          ended += 1;
        },
        onFailure: () => undefined,
      });
      await eventually(() => expect(membership.assigned()).toHaveLength(log.partitions));
      await membership.close();
      expect(ended).toBe(log.partitions);
    });

    it('delivers nothing before the first seek, and from the new offset after another', async () => {
      await log.append(COMMANDS, 0, [record('a'), record('b'), record('c')]);
      const taken: (readonly (string | null)[])[] = [];
      const failures: unknown[] = [];
      const membership = await log.join({
        group: 'contract',
        inputs: [COMMANDS],
        async run(assignment) {
          if (assignment.partition !== 0) return untilAborted(assignment.signal);
          taken.push(texts(await assignment.next(10, 50)));
          await assignment.seek(new Map([[COMMANDS, 1]]));
          taken.push(texts(await assignment.next(1, WAIT_MS)));
          await assignment.seek(new Map([[COMMANDS, 0]]));
          taken.push(texts(await assignment.next(2, WAIT_MS)));
          await untilAborted(assignment.signal);
        },
        onFailure: (_partition, error) => failures.push(error),
      });
      await eventually(() => expect(taken).toHaveLength(3));
      await membership.close();
      expect([taken, failures]).toEqual([[[], ['b'], ['a', 'b']], []]);
    });

    it('delivers all of every topic, each in its own order', async () => {
      const busy = Array.from({ length: 500 }, (_, index) => record(`i${index}`));
      await log.append(INTENTS, 0, busy);
      await log.append(OUTCOMES, 0, [record('o0'), record('o1')]);
      const taken: (string | null)[] = [];
      const membership = await log.join({
        group: 'contract',
        inputs: [INTENTS, OUTCOMES],
        async run(assignment) {
          if (assignment.partition !== 0) return untilAborted(assignment.signal);
          await assignment.seek(
            new Map([
              [INTENTS, 0],
              [OUTCOMES, 0],
            ]),
          );
          while (!assignment.signal.aborted) taken.push(...texts(await assignment.next(10, 50)));
        },
        onFailure: (_partition, error) => expect.unreachable(String(error)),
      });
      await eventually(() => expect(taken).toHaveLength(502));
      await membership.close();
      const of = (prefix: string) => taken.filter((text) => text?.startsWith(prefix));
      expect(of('i')).toEqual(texts(await readAll(log, INTENTS, 0)));
      expect(of('o')).toEqual(['o0', 'o1']);
    });

    it('wakes who waits for inputs when one is appended', async () => {
      const taken: (string | null)[] = [];
      let isWaiting = false;
      const membership = await log.join({
        group: 'contract',
        inputs: [COMMANDS],
        async run(assignment) {
          await assignment.seek(new Map([[COMMANDS, 0]]));
          if (assignment.partition !== 0) return untilAborted(assignment.signal);
          isWaiting = true;
          taken.push(...texts(await assignment.next(10, 60_000)));
          await untilAborted(assignment.signal);
        },
        onFailure: (_partition, error) => expect.unreachable(String(error)),
      });
      await eventually(() => expect(isWaiting).toBe(true));
      await log.append(COMMANDS, 0, [record('a')]);
      await eventually(() => expect(taken).toEqual(['a']));
      await membership.close();
    });

    it('ends a wait for inputs when it is closed', async () => {
      const answers: unknown[] = [];
      let waiting = 0;
      const membership = await log.join({
        group: 'contract',
        inputs: [COMMANDS],
        async run(assignment) {
          await assignment.seek(new Map([[COMMANDS, 0]]));
          waiting += 1;
          answers.push(await assignment.next(10, 60_000));
        },
        onFailure: (_partition, error) => answers.push(error),
      });
      await eventually(() => expect(waiting).toBe(log.partitions));
      await membership.close();
      expect(answers).toEqual(Array.from({ length: log.partitions }, () => []));
    });
  });
}
