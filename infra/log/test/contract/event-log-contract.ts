/** What every adapter of the event log keeps. `open` gives an empty log for each test. */
import type { EventLog } from '@estop/log/port';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeAppending } from './appending.ts';
import { describeFollowing } from './following.ts';
import { describeGroups } from './grouping.ts';
import { describeHandles } from './handles.ts';
import { describeReading } from './reading.ts';
import { INTENTS, type LogUnderTest, OUTCOMES, readAll, record, texts } from './subject.ts';

/**
 * Holds an adapter to the port. A log in memory, for tests, delivers to its followers one partition
 * at a time and leaves it to its user to close what it has opened.
 */
export function describeEventLogContract(
  name: string,
  open: () => Promise<LogUnderTest>,
  { isInMemory = false }: { readonly isInMemory?: boolean } = {},
): void {
  describe(`the event log contract, kept by ${name}`, () => {
    let subject: LogUnderTest;
    let log: EventLog;

    beforeEach(async () => {
      subject = await open();
      log = subject.log;
    });

    afterEach(() => subject.dispose());

    const opened = () => log;
    describeAppending(opened);
    describeReading(opened);
    describeFollowing(opened);
    describeGroups(opened);
    if (!isInMemory) describeHandles(opened);

    it('has codecs whose values it can read back after it learned their schemas', async () => {
      const codec = log.codec('halts.v1');
      const halt = {
        haltId: 'h',
        scope: { fleet: true, group: null, agent: null, tool: null },
        mode: 'kill',
        epoch: 1,
        by: 'x',
        reason: null,
        until: null,
        lifted: false,
        killers: [],
      };
      await log.append('halts.v1', 0, [{ key: 'fleet', value: codec.encode(halt as never) }]);
      const records = await readAll(log, 'halts.v1', 0);
      await log.learnSchemas(records);
      const [bytes] = records.flatMap(({ value }) => (value === null ? [] : [value]));
      expect(codec.decode(bytes ?? Buffer.alloc(0))).toEqual(halt);
    });

    it('acknowledges what was appended before it was closed and refuses the rest', async () => {
      const before = log.append(INTENTS, 0, [record('a')]);
      const closed = log.close();
      expect((await before).baseOffset).toBe(0);
      await closed;
      await expect(log.append(INTENTS, 0, [record('b')])).rejects.toMatchObject({
        code: 'log-closed',
      });
      log = await subject.reopen();
      expect(texts(await readAll(log, INTENTS, 0))).toEqual(['a']);
    });

    it('goes on where it stopped when it is opened again', async () => {
      await log.append(INTENTS, 0, [record('a'), record('b')]);
      await log.append(OUTCOMES, 0, [record('only one')]);
      const { id } = log;
      log = await subject.reopen();
      expect(log.id).toBe(id);
      expect(await log.endOffset(OUTCOMES, 0)).toBe(1);
      expect((await log.append(INTENTS, 0, [record('c')])).baseOffset).toBe(2);
      expect(texts(await readAll(log, INTENTS, 0))).toEqual(['a', 'b', 'c']);
    });
  });
}
