import { crc32c } from '@estop/log/kafka/crc32c';
import {
  encodeBatch,
  type FetchedFrom,
  FetchedRecords,
  identify,
} from '@estop/log/kafka/record-batch';
import type { NewRecord, StoredRecord } from '@estop/log/port';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const PLACE = { topic: 'intents.v1', partition: 3, fromOffset: 0 } as const;

describe('a record batch', () => {
  it('has the checksum that everybody else computes', () => {
    // The check value of CRC-32C.
    expect(crc32c(Buffer.from('123456789')).toString(16)).toBe('e3069283');
    expect(crc32c(Buffer.from('xx123456789'), 2).toString(16)).toBe('e3069283');
  });

  it('reads back what was written, whatever it is', () => {
    const text = fc.string({ unit: 'binary', maxLength: 40 });
    const record = fc.record({
      key: text,
      value: fc.option(fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))),
      headers: fc.dictionary(fc.oneof(text, fc.constant('__proto__')), text, { maxKeys: 3 }),
    });
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 100 }), (records) => {
        const { records: read, nextOffset } = readAll(encode(records), PLACE);
        expect(nextOffset).toBe(records.length);
        expect(read.map(({ offset }) => offset)).toEqual(records.map((_, index) => index));
        read.forEach(({ key, value, headers }, index) => {
          expect(key).toBe(records[index]?.key);
          expect(value).toEqual(records[index]?.value);
          expect(Object.entries(headers)).toEqual(Object.entries(records[index]?.headers ?? {}));
        });
      }),
    );
  });

  it('gives only what stands from the offset asked for on', () => {
    const batch = encode(['a', 'b', 'c'].map((key) => ({ key, value: null })));
    const { records } = readAll(batch, { ...PLACE, fromOffset: 2 });
    expect(records.map(({ key }) => key)).toEqual(['c']);
  });

  it('hands out in parts what it hands out at once, and says how much is left', () => {
    const size = fc.integer({ min: 1, max: 9 });
    fc.assert(
      fc.property(fc.array(size, { minLength: 1 }), size, (values, max) => {
        const records = values.map((bytes) => ({ key: `${bytes}`, value: Buffer.alloc(bytes) }));
        const bytes = Buffer.concat([encode(records), encode(records, records.length)]);
        const from = { ...PLACE, fromOffset: Math.min(max, records.length) };
        const fetched = new FetchedRecords(bytes, from);
        const parts: StoredRecord[] = [];
        while (fetched.left > 0) {
          const { left, bytesLeft } = fetched;
          parts.push(...fetched.take(max));
          expect(fetched.left).toBeLessThan(left);
          expect(fetched.bytesLeft).toBeLessThan(bytesLeft);
        }
        expect(parts).toEqual(readAll(bytes, from).records);
        expect(parts).toHaveLength(2 * records.length - from.fromOffset);
        expect(fetched.take(max)).toEqual([]);
        expect(fetched.bytesLeft).toBe(0);
      }),
    );
  });

  it('leaves a batch that is cut off for the next read', () => {
    const whole = encode([{ key: 'a', value: Buffer.from('1') }]);
    const cut = encode([{ key: 'b', value: Buffer.from('2') }]);
    for (const size of [1, 12, 60, cut.length - 1]) {
      const read = readAll(Buffer.concat([whole, cut.subarray(0, size)]), PLACE);
      expect(read).toMatchObject({ records: [{ key: 'a' }], nextOffset: 1 });
    }
  });

  it('passes over a batch that compaction emptied', () => {
    const batch = encode([{ key: 'a', value: null }]).subarray(0, 61);
    batch.writeInt32BE(61 - 12, 8);
    batch.writeInt32BE(6, 23);
    batch.writeInt32BE(0, 57);
    expect(readAll(batch, PLACE)).toEqual({ records: [], nextOffset: 7 });
  });

  it('passes over the marker of a transaction', () => {
    const batch = encode([{ key: 'a', value: null }]);
    batch.writeInt16BE(0x30, 21);
    expect(readAll(batch, PLACE)).toEqual({ records: [], nextOffset: 1 });
  });

  it('refuses what is compressed, saying what to set', () => {
    const batch = encode([{ key: 'a', value: null }]);
    batch.writeInt16BE(0x02, 21);
    expect(() => readAll(batch, PLACE)).toThrow(/compression.type=uncompressed/);
  });
});

function readAll(bytes: Buffer, from: FetchedFrom) {
  const fetched = new FetchedRecords(bytes, from);
  return { records: fetched.take(Number.POSITIVE_INFINITY), nextOffset: fetched.nextOffset };
}

function encode(records: readonly NewRecord[], baseOffset = 0): Buffer {
  const batch = encodeBatch(records, 0);
  batch.writeBigInt64BE(BigInt(baseOffset), 0);
  identify(batch, { producerId: 1n, epoch: 0, sequence: 0 });
  return batch;
}
