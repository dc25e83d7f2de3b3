import { packDigest, sha256Text, unpackDigest } from '@estop/schemas/digest';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

describe('a packed digest', () => {
  it('takes 44 characters', () => {
    expect(packDigest(sha256Text('what was asked'))).toHaveLength(44);
  });

  it('is unpacked to the very text, whatever text that is', () => {
    const texts = fc.oneof(
      fc.string().map(sha256Text),
      fc.string(),
      fc.string({ minLength: 40, maxLength: 46 }),
      fc.stringMatching(/^[#=\w-]{42,45}$/),
      fc.stringMatching(/^sha256:[0-9a-fA-F]{60,66}$/),
    );
    fc.assert(
      fc.property(texts, (text) => {
        expect(unpackDigest(packDigest(text))).toBe(text);
      }),
      { numRuns: 2_000 },
    );
  });
});
