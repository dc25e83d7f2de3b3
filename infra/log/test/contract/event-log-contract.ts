/** What every adapter of the event log keeps. Each test gets its own topics' partitions or log. */
import type { EventLog, NewRecord, StoredRecord } from '@estop/log/port';
import { APPEND_RECORDS_MAX } from '@estop/log/port';
import type { Topic } from '@estop/schemas/topics';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

export interface LogUnderTest {
  readonly log: EventLog;
  /** Closes the log and opens it again. */
  readonly reopen: () => Promise<EventLog>;
  readonly dispose: () => Promise<void>;
}

const INTENTS = 'intents.v1' satisfies Topic;
const OUTCOMES = 'outcomes.v1' satisfies Topic;
const COMMANDS = 'commands.v1' satisfies Topic;
const WAIT_MS = 2_000;

/** Holds an adapter to the port. `open` gives an empty log for each test. */
export function describeEventLogContract(name: string, open: () => Promise<LogUnderTest>): void {
  describe(`the event log contract, kept by ${name}`, () => {
    let subject: LogUnderTest;
    let log: EventLog;

    beforeEach(async () => {
      subject = await open();
      log = subject.log;
    });

    afterEach(() => subject.dispose());

    const texts = (records: readonly StoredRecord[]) =>
      records.map(({ value }) => value?.toString() ?? null);

    async function readAll(topic: Topic, partition: number, from = 0): Promise<StoredRecord[]> {
      const records: StoredRecord[] = [];
      const end = await log.endOffset(topic, partition);
      for (let fromOffset = from; fromOffset < end; ) {
        const batch = await log.read(topic, partition, { fromOffset, maxRecords: 100 });
        records.push(...batch.records);
        fromOffset = batch.nextOffset;
      }
      return records;
    }

    describe('appending', () => {
      it('proves where a batch stands: the first offset, the rest behind it', async () => {
        const first = await log.append(INTENTS, 1, [record('a'), record('b')]);
        const second = await log.append(INTENTS, 1, [record('c')]);
        expect([first.baseOffset, second.baseOffset]).toEqual([0, 2]);
        expect(texts(await readAll(INTENTS, 1))).toEqual(['a', 'b', 'c']);
      });

      it('keeps partitions and topics apart', async () => {
        await log.append(INTENTS, 0, [record('a')]);
        await log.append(INTENTS, 1, [record('b')]);
        await log.append(OUTCOMES, 0, [record('c')]);
        expect(texts(await readAll(INTENTS, 0))).toEqual(['a']);
        expect(texts(await readAll(INTENTS, 1))).toEqual(['b']);
        expect(texts(await readAll(OUTCOMES, 0))).toEqual(['c']);
      });

      it('keeps the order of concurrent appends to one partition, each batch whole', async () => {
        const batches = Array.from({ length: 40 }, (_, batch) =>
          Array.from({ length: 5 }, (_unused, index) => record(`${batch}.${index}`)),
        );
        const appended = await Promise.all(batches.map((batch) => log.append(INTENTS, 2, batch)));
        const all = texts(await readAll(INTENTS, 2));
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
        const all = texts(await readAll(INTENTS, 1));
        expect(published.map(({ baseOffset }) => all[baseOffset])).toEqual(
          published.map((_, index) => `${index}`),
        );
        expect(new Set(published.map(({ baseOffset }) => baseOffset)).size).toBe(100);
      });

      it('stamps a time that never goes back within a partition', async () => {
        await log.append(INTENTS, 0, [record('a')]);
        await log.append(INTENTS, 0, [record('b'), record('c')]);
        const stamps = (await readAll(INTENTS, 0)).map(({ timestampMs }) => timestampMs);
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
        const read = await readAll(INTENTS, 0);
        expect(read.map(({ key }) => key)).toEqual(written.map(({ key }) => key));
        expect(read[0]?.headers['traceparent']).toBe('00-ü');
        expect(read[1]?.value).toHaveLength(0);
        await log.append('agents.v1', 0, [{ key: 'gone', value: null }]);
        expect((await readAll('agents.v1', 0)).at(-1)?.value).toBeNull();
      });
    });

    describe('reading', () => {
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
          (await readAll('halts.v1', 0)).map(({ key, value }) => [key, value?.toString()]),
        );
        expect(newest).toEqual(
          new Map([
            ['group:a', '2'],
            ['fleet', '4'],
          ]),
        );
        expect(await log.endOffset('halts.v1', 0)).toBe(4);
      });
    });

    describe('following', () => {
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
    });

    describe('a co-partitioned group', () => {
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
    });

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
      };
      await log.append('halts.v1', 0, [{ key: 'fleet', value: codec.encode(halt as never) }]);
      const records = await readAll('halts.v1', 0);
      await log.learnSchemas(records);
      const [bytes] = records.flatMap(({ value }) => (value === null ? [] : [value]));
      expect(codec.decode(bytes ?? Buffer.alloc(0))).toEqual(halt);
    });

    it('refuses appends after it was closed', async () => {
      await log.close();
      await expect(log.append(INTENTS, 0, [record('a')])).rejects.toMatchObject({
        code: 'log-closed',
      });
    });

    it('goes on where it stopped when it is opened again', async () => {
      await log.append(
        INTENTS,
        0,
        ['a', 'b'].map((text) => record(text)),
      );
      await log.append(OUTCOMES, 0, [record('only one')]);
      const { id } = log;
      log = await subject.reopen();
      expect(log.id).toBe(id);
      expect(await log.endOffset(OUTCOMES, 0)).toBe(1);
      expect((await log.append(INTENTS, 0, [record('c')])).baseOffset).toBe(2);
      expect(texts(await readAll(INTENTS, 0))).toEqual(['a', 'b', 'c']);
    });
  });
}

function record(text: string, key = `key ${text}`): NewRecord {
  return { key, value: Buffer.from(text) };
}

function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) =>
    signal.addEventListener('abort', () => resolve(), { once: true }),
  );
}

async function eventually(check: () => void | Promise<void>, timeoutMs = 15_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
