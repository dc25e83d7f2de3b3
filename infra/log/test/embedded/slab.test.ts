import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Slab } from '../../src/embedded/slab.ts';

describe('copies side by side', () => {
  it('stay what they are when the bytes they were made of are used again', () => {
    const slab = new Slab();
    const reused = Buffer.from('first');
    const first = slab.copy(reused);
    reused.write('other');
    const other = slab.copy(reused);
    expect([String(first), String(other)]).toEqual(['first', 'other']);
  });

  it('are of any length, none and more than one buffer holds among them', () => {
    const lengths = fc.array(fc.oneof(fc.nat(64), fc.nat(8_192), fc.nat(600_000)), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(lengths, (all) => {
        const slab = new Slab();
        const made = all.map((length, index) => slab.copy(Buffer.alloc(length, index + 1)));
        for (const [index, bytes] of made.entries()) {
          expect(bytes.equals(Buffer.alloc(all[index] ?? 0, index + 1))).toBe(true);
        }
      }),
    );
  });
});
