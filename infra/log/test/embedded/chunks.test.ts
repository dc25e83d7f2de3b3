import type { EventLog, NewRecord } from '@estop/log/port';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTestFolder } from './test-folder.ts';

const RUNS = 40;

const newRecord: fc.Arbitrary<NewRecord> = fc.record({
  key: fc.string({ unit: 'binary', maxLength: 12 }),
  value: fc.oneof(
    { weight: 9, arbitrary: fc.uint8Array({ maxLength: 300 }) },
    { weight: 1, arbitrary: fc.uint8Array({ minLength: 70_000, maxLength: 70_000 }) },
    { weight: 1, arbitrary: fc.constant(null) },
  ),
  headers: fc.oneof(
    fc.constant({}),
    fc.dictionary(fc.string({ maxLength: 5 }), fc.string({ unit: 'binary', maxLength: 8 }), {
      noNullPrototype: true,
    }),
  ),
});

/** Appends that are made at the same time, so that they share a transaction. */
const transaction = fc.array(fc.array(newRecord, { minLength: 1, maxLength: 8 }), {
  minLength: 1,
  maxLength: 6,
});

function plain({ key, value, headers }: NewRecord) {
  const bytes = value === null ? null : Buffer.from(value).toString('hex');
  return { key, value: bytes, headers: { ...headers } };
}

type Plain = ReturnType<typeof plain>;

/** Appends transaction after transaction; answers what a reader should find. */
async function appendAll(log: EventLog, transactions: NewRecord[][][]): Promise<Plain[]> {
  const model: Plain[] = [];
  for (const batches of transactions) {
    const appends = batches.map((batch) => log.append('intents.v1', 1, batch));
    for (const [index, { baseOffset }] of (await Promise.all(appends)).entries()) {
      expect(baseOffset).toBe(model.length);
      model.push(...(batches[index] ?? []).map(plain));
    }
  }
  return model;
}

async function checkRead(
  log: EventLog,
  model: readonly Plain[],
  wanted: { readonly fromOffset: number; readonly maxRecords: number },
): Promise<void> {
  const { fromOffset } = wanted;
  const { records, nextOffset } = await log.read('intents.v1', 1, wanted);
  const expected = model.slice(fromOffset, fromOffset + records.length);
  expect(records.map(plain)).toEqual(expected);
  const offsets = expected.map((_, index) => fromOffset + index);
  expect(records.map(({ offset }) => offset)).toEqual(offsets);
  expect(nextOffset).toBe(fromOffset + records.length);
  expect(records.length > 0).toBe(fromOffset < model.length);
}

describe('chunks of records', () => {
  it('read back as they were appended, from any offset and in portions of any size', async () => {
    const property = fc.asyncProperty(
      fc.array(transaction, { minLength: 1, maxLength: 5 }),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 30 })), { maxLength: 20 }),
      fc.boolean(),
      async (transactions, reads, isReopened) => {
        const folder = createTestFolder();
        try {
          let log = await folder.open();
          const model = await appendAll(log, transactions);
          if (isReopened) log = await folder.open();
          expect(await log.endOffset('intents.v1', 1)).toBe(model.length);
          for (const [seed, maxRecords] of reads) {
            await checkRead(log, model, { fromOffset: seed % (model.length + 1), maxRecords });
          }
        } finally {
          await folder.dispose();
        }
      },
    );
    await fc.assert(property, { numRuns: RUNS });
  });
});
