/** Resume ids without a network: many more texts than can be asked for over one. */
import { formatPosition, parsePosition } from '@estop/gateway/domain/stream-position';
import fc from 'fast-check';
import { assert, expect, it } from 'vitest';
import { FUZZ_TIMEOUT_MS, fuzz } from '../fuzz-run.ts';

const EXPECTED = { tag: '0a1b2c3d', sources: 4 };
const RUNS = 20_000;

const parts = fc.oneof(
  { weight: 6, arbitrary: fc.maxSafeNat().map((offset) => offset.toString(36)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('', '-1', 'A', '0x1', '007', 'zzzzzzzzzzz', '2gosa7pa2gw'),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 12 }) },
);
const positions = fc
  .tuple(
    fc.oneof({ weight: 6, arbitrary: fc.constant(EXPECTED.tag) }, fc.string({ maxLength: 8 })),
    fc.constantFrom('~', '~', '~', '~', '', '~~', '.'),
    fc.oneof(
      { weight: 6, arbitrary: fc.array(parts, { minLength: 4, maxLength: 4 }) },
      fc.array(parts, { maxLength: 8 }),
    ),
  )
  .map(([tag, mark, offsets]) => `${tag}${mark}${offsets.join('.')}`);

it('takes any text for a position in this log, or for none', { timeout: FUZZ_TIMEOUT_MS }, () => {
  const seen = { taken: 0, refused: 0 };
  fuzz(positions, { runs: RUNS }, (text) => {
    const offsets = parsePosition(text, EXPECTED);
    if (offsets === undefined) {
      seen.refused += 1;
      return;
    }
    seen.taken += 1;
    assert.equal(offsets.length, EXPECTED.sources);
    assert(offsets.every((offset) => Number.isSafeInteger(offset) && offset >= 0));
    const again = parsePosition(formatPosition(EXPECTED.tag, offsets), EXPECTED);
    assert.deepEqual(again, offsets);
  });
  const least = (seen.taken + seen.refused) / 20;
  expect(seen.taken).toBeGreaterThan(least);
  expect(seen.refused).toBeGreaterThan(least);
});
