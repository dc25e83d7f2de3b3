/** What every adapter keeps of reading. */
import type { EventLog } from '@estop/log/port';
import { beforeEach, describe, expect, it } from 'vitest';
import { COMMANDS, INTENTS, readAll, record, texts } from './subject.ts';

export function describeReading(opened: () => EventLog): void {
  describe('reading', () => {
    let log: EventLog;

    beforeEach(() => {
      log = opened();
    });

    it('starts at the offset asked for and stops at the bound', async () => {
      await log.append(
        INTENTS,
        0,
        ['a', 'b', 'c', 'd'].map((text) => record(text)),
      );
      const read = await log.read(INTENTS, 0, { fromOffset: 1, maxRecords: 2 });
      expect(texts(read.records)).toEqual(['b', 'c']);
      expect(read).toMatchObject({ nextOffset: 3, endOffset: 4 });
    });

    it('answers nothing at the end, and never waits', async () => {
      await log.append(INTENTS, 0, [record('a')]);
      const read = await log.read(INTENTS, 0, { fromOffset: 1, maxRecords: 10 });
      expect(read).toMatchObject({ records: [], nextOffset: 1, endOffset: 1 });
    });

    it('knows the bounds of an empty partition', async () => {
      expect(await log.startOffset(COMMANDS, 1)).toBe(0);
      expect(await log.endOffset(COMMANDS, 1)).toBe(0);
    });

    it('keeps the newest value of each key of a compacted topic', async () => {
      await log.append('halts.v1', 0, [record('1', 'fleet'), record('2', 'group:a')]);
      await log.append('halts.v1', 0, [record('3', 'fleet'), record('4', 'fleet')]);
      const newest = new Map(
        (await readAll(log, 'halts.v1', 0)).map(({ key, value }) => [key, value?.toString()]),
      );
      expect(newest).toEqual(
        new Map([
          ['group:a', '2'],
          ['fleet', '4'],
        ]),
      );
      expect(await log.endOffset('halts.v1', 0)).toBe(4);
    });

    it('keeps keys of a compacted topic apart that objects would mix up', async () => {
      const keys = ['__proto__', 'constructor', 'toString', ''];
      await log.append(
        'agents.v1',
        1,
        keys.map((key) => record(`old ${key}`, key)),
      );
      await log.append(
        'agents.v1',
        1,
        keys.map((key) => record(`new ${key}`, key)),
      );
      const newest = new Map(
        (await readAll(log, 'agents.v1', 1)).map(({ key, value }) => [key, value?.toString()]),
      );
      expect(newest).toEqual(new Map(keys.map((key) => [key, `new ${key}`])));
    });

    it('ends a key of a compacted topic by a tombstone, and starts it again', async () => {
      const newestOf = async (key: string) =>
        (await readAll(log, 'agents.v1', 0)).filter((one) => one.key === key).at(-1)?.value;
      await log.append('agents.v1', 0, [record('1', 'a'), record('2', 'b')]);
      await log.append('agents.v1', 0, [{ key: 'a', value: null }]);
      expect(await newestOf('a')).toBeNull();
      await log.append('agents.v1', 0, [record('3', 'a')]);
      expect((await newestOf('a'))?.toString()).toBe('3');
      expect((await newestOf('b'))?.toString()).toBe('2');
    });

    it('walks through a long partition without a gap or a repeat', async () => {
      for (let batch = 0; batch < 4; batch += 1) {
        const records = Array.from({ length: 300 }, (_, at) => record(`${batch * 300 + at}`));
        await log.append(INTENTS, 0, records);
      }
      const all = await readAll(log, INTENTS, 0);
      expect(all.map(({ offset }) => offset)).toEqual(Array.from({ length: 1_200 }, (_, at) => at));
      expect(texts(all)).toEqual(all.map(({ offset }) => `${offset}`));
    });
  });
}
