/** What every adapter keeps of appending and publishing. */
import { APPEND_RECORDS_MAX, type EventLog, HeadLostError, type NewRecord } from '@estop/log/port';
import { beforeEach, describe, expect, it } from 'vitest';
import { INTENTS, OUTCOMES, readAll, record, texts } from './subject.ts';

export function describeAppending(opened: () => EventLog): void {
  describe('appending', () => {
    let log: EventLog;

    beforeEach(() => {
      log = opened();
    });

    it('proves where a batch stands: the first offset, the rest behind it', async () => {
      const first = await log.append(INTENTS, 1, [record('a'), record('b')]);
      const second = await log.append(INTENTS, 1, [record('c')]);
      expect([first.baseOffset, second.baseOffset]).toEqual([0, 2]);
      expect(texts(await readAll(log, INTENTS, 1))).toEqual(['a', 'b', 'c']);
    });

    it('keeps partitions and topics apart', async () => {
      await log.append(INTENTS, 0, [record('a')]);
      await log.append(INTENTS, 1, [record('b')]);
      await log.append(OUTCOMES, 0, [record('c')]);
      expect(texts(await readAll(log, INTENTS, 0))).toEqual(['a']);
      expect(texts(await readAll(log, INTENTS, 1))).toEqual(['b']);
      expect(texts(await readAll(log, OUTCOMES, 0))).toEqual(['c']);
    });

    it('keeps the order of concurrent appends to one partition, each batch whole', async () => {
      const batches = Array.from({ length: 40 }, (_, batch) =>
        Array.from({ length: 5 }, (_unused, index) => record(`${batch}.${index}`)),
      );
      const appended = await Promise.all(batches.map((batch) => log.append(INTENTS, 2, batch)));
      const all = texts(await readAll(log, INTENTS, 2));
      expect(all).toHaveLength(200);
      appended.forEach(({ baseOffset }, batch) => {
        const expected = [0, 1, 2, 3, 4].map((index) => `${batch}.${index}`);
        expect(all.slice(baseOffset, baseOffset + 5)).toEqual(expected);
      });
    });

    it('takes the largest batch', async () => {
      const batch = Array.from({ length: APPEND_RECORDS_MAX }, (_, index) => record(`${index}`));
      await log.append(INTENTS, 0, batch);
      expect(await log.endOffset(INTENTS, 0)).toBe(APPEND_RECORDS_MAX);
    });

    it('gives every published record its own proven position', async () => {
      const published = await Promise.all(
        Array.from({ length: 100 }, (_, index) => log.publish(INTENTS, 1, record(`${index}`))),
      );
      const all = texts(await readAll(log, INTENTS, 1));
      expect(published.map(({ baseOffset }) => all[baseOffset])).toEqual(
        published.map((_, index) => `${index}`),
      );
      expect(new Set(published.map(({ baseOffset }) => baseOffset)).size).toBe(100);
    });

    it('stamps a time that never goes back within a partition', async () => {
      await log.append(INTENTS, 0, [record('a')]);
      await log.append(INTENTS, 0, [record('b'), record('c')]);
      const stamps = (await readAll(log, INTENTS, 0)).map(({ timestampMs }) => timestampMs);
      expect(stamps).toEqual([...stamps].sort((a, b) => a - b));
      expect(Math.abs((stamps[0] ?? 0) - Date.now())).toBeLessThan(60_000);
    });

    it('refuses a value above the bound of its topic and stays usable', async () => {
      const large = { key: 'k', value: Buffer.alloc(2 * 1024 * 1024) };
      await expect(log.append(INTENTS, 0, [large])).rejects.toMatchObject({
        code: 'record-too-large',
      });
      expect((await log.append(INTENTS, 0, [record('a')])).baseOffset).toBe(0);
    });

    it('carries keys, headers, empty values and tombstones as they are', async () => {
      const written: NewRecord[] = [
        { key: 'ключ/キー/__proto__', value: Buffer.from('v'), headers: { traceparent: '00-ü' } },
        { key: '__proto__', value: Buffer.alloc(0), headers: {} },
      ];
      await log.append(INTENTS, 0, written);
      const read = await readAll(log, INTENTS, 0);
      expect(read.map(({ key }) => key)).toEqual(written.map(({ key }) => key));
      expect(read[0]?.headers['traceparent']).toBe('00-ü');
      expect(read[1]?.value).toHaveLength(0);
      await log.append('agents.v1', 0, [{ key: 'gone', value: null }]);
      expect((await readAll(log, 'agents.v1', 0)).at(-1)?.value).toBeNull();
    });

    it('refuses a batch whole when one of its values is too large', async () => {
      const large = { key: 'k', value: Buffer.alloc(2 * 1024 * 1024) };
      await expect(log.append(INTENTS, 0, [record('a'), large, record('b')])).rejects.toMatchObject(
        { code: 'record-too-large' },
      );
      expect(await log.endOffset(INTENTS, 0)).toBe(0);
    });

    it('keeps the bytes that it was given, whatever their owner does with them later', async () => {
      const value = Buffer.from('before');
      const appended = log.append(INTENTS, 0, [{ key: 'k', value }]);
      await appended;
      value.write('after!');
      expect(texts(await readAll(log, INTENTS, 0))).toEqual(['before']);
    });
  });

  describe('appending at an offset', () => {
    let log: EventLog;

    beforeEach(() => {
      log = opened();
    });

    it('puts the head where it must stand and the rest behind its proof', async () => {
      await log.append('audit.v1', 1, [record('before')]);
      const { proven, complete } = log.appendAt(
        { topic: 'audit.v1', partition: 1, offset: 1, records: [record('a'), record('b')] },
        [
          { topic: 'decisions.v1', partition: 1, records: [record('decision')] },
          { topic: 'agents.v1', partition: 1, records: [record('view')] },
        ],
      );
      await proven;
      expect(texts(await readAll(log, 'audit.v1', 1))).toEqual(['before', 'a', 'b']);
      await complete;
      expect(texts(await readAll(log, 'decisions.v1', 1))).toEqual(['decision']);
      expect(texts(await readAll(log, 'agents.v1', 1))).toEqual(['view']);
    });

    it('lets nothing of the rest into the log when the head would stand elsewhere', async () => {
      await log.append('audit.v1', 1, [record('intruder')]);
      const { proven, complete } = log.appendAt(
        { topic: 'audit.v1', partition: 1, offset: 0, records: [record('a')] },
        [{ topic: 'decisions.v1', partition: 1, records: [record('decision')] }],
      );
      await expect(proven).rejects.toThrow(HeadLostError);
      await expect(complete).rejects.toThrow(HeadLostError);
      expect(await log.endOffset('decisions.v1', 1)).toBe(0);
    });

    it('appends the rest of an empty head, which has nothing to prove', async () => {
      const { proven, complete } = log.appendAt(
        { topic: 'audit.v1', partition: 0, offset: 7, records: [] },
        [{ topic: 'decisions.v1', partition: 0, records: [record('again')] }],
      );
      await Promise.all([proven, complete]);
      expect(await log.endOffset('audit.v1', 0)).toBe(0);
      expect(texts(await readAll(log, 'decisions.v1', 0))).toEqual(['again']);
    });

    it('takes more records than one append does, in order', async () => {
      const many = Array.from({ length: 2 * APPEND_RECORDS_MAX + 1 }, (_, index) => `${index}`);
      const records = many.map((text) => record(text));
      await log.appendAt({ topic: 'audit.v1', partition: 2, offset: 0, records }, [
        { topic: 'decisions.v1', partition: 2, records },
      ]).complete;
      expect(texts(await readAll(log, 'audit.v1', 2))).toEqual(many);
      expect(texts(await readAll(log, 'decisions.v1', 2))).toEqual(many);
    });
  });
}
