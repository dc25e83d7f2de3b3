/** Bytes that were valid once: flipped, cut, spliced, and with counts that no memory could hold. */
import fc from 'fast-check';

export interface ByteMutation {
  readonly kind: 'flip' | 'set' | 'insert' | 'remove' | 'truncate' | 'extend' | 'repeat';
  /** Where, in parts of the length. */
  readonly at: number;
  readonly bytes: Uint8Array;
}

const PLACES = 10_000;

/** Zig-zag varints as Avro writes lengths and counts: 2^40, -2^40, the ends of 64 bits, endless. */
const ABSURD_COUNTS = [
  '808080808040',
  'ffffffffff3f',
  'feffffffffffffffff01',
  'ffffffffffffffffff01',
  'ffffffffffffffffffffffffffff',
  '01',
  'feffffff0f',
].map((hex) => Buffer.from(hex, 'hex'));

const piece = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom<Uint8Array>(...ABSURD_COUNTS) },
  { weight: 1, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 12 }) },
);

export const byteMutations: fc.Arbitrary<readonly ByteMutation[]> = fc.array(
  fc.record<ByteMutation>({
    kind: fc.constantFrom('flip', 'set', 'insert', 'remove', 'truncate', 'extend', 'repeat'),
    at: fc.nat(PLACES),
    bytes: piece,
  }),
  { minLength: 1, maxLength: 3 },
);

export function mutateBytes(source: Uint8Array, mutations: readonly ByteMutation[]): Buffer {
  return mutations.reduce<Buffer>(mutateOnce, Buffer.from(source));
}

function mutateOnce(source: Buffer, { kind, at, bytes }: ByteMutation): Buffer {
  const place = Math.floor((at / PLACES) * source.length);
  const before = source.subarray(0, place);
  const after = source.subarray(place);
  switch (kind) {
    case 'flip': {
      const flipped = Buffer.from(source);
      if (place < flipped.length) flipped[place] = (flipped[place] ?? 0) ^ (1 << (at % 8));
      return flipped;
    }
    case 'set':
      return Buffer.concat([before, bytes, after.subarray(bytes.length)]);
    case 'insert':
      return Buffer.concat([before, bytes, after]);
    case 'remove':
      return Buffer.concat([before, after.subarray(bytes.length)]);
    case 'truncate':
      return Buffer.from(before);
    case 'extend':
      return Buffer.concat([source, bytes]);
    case 'repeat':
      return Buffer.concat([before, after, after]);
  }
}
