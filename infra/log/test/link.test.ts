import { createHmac, generateKeyPairSync, type KeyPairKeyObjectResult, sign } from 'node:crypto';
import { createLinker, LINK_HEADER, SIGNATURE_HEADER, verifySignature } from '@estop/log/link';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const record = { topic: 'intents.v1', key: 'billing-bot', value: Buffer.from('value') } as const;

describe('a link', () => {
  it('is the HMAC-SHA-256 of topic, key and value, each with its length in front', () => {
    const framed = Buffer.concat(
      ['intents.v1', 'billing-bot', 'value'].flatMap((part) => {
        const length = Buffer.alloc(4);
        length.writeUInt32BE(part.length);
        return [length, Buffer.from(part)];
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 100 }), (bytes) => {
        const key = Buffer.from(bytes);
        const expected = createHmac('sha256', key).update(framed).digest('base64url');
        expect(createLinker(key).link(record)).toBe(expected);
      }),
    );
  });

  it('proves the record it was made for, and no other', () => {
    const linker = createLinker(Buffer.from('link key'));
    const headers = { [LINK_HEADER]: linker.link(record) };
    expect(linker.isLinked({ ...record, headers })).toBe(true);
    const others = [
      { ...record, headers: {} },
      { ...record, headers: { [LINK_HEADER]: 'AAAA' } },
      { ...record, topic: 'outcomes.v1', headers } as const,
      { ...record, key: 'other', headers },
      { ...record, value: Buffer.from('valuf'), headers },
      { ...record, value: null, headers },
    ];
    expect(others.map((other) => linker.isLinked(other))).toEqual(others.map(() => false));
    expect(createLinker(Buffer.from('other key')).isLinked({ ...record, headers })).toBe(false);
  });
});

describe('a signature', () => {
  const signed = { ...record, value: Buffer.from('\0value') } as const;
  const keys = generateKeyPairSync('ed25519');
  const publicKey = rawKeyOf(keys);

  function headersOf(parts: { readonly topic: string; readonly key: string; value: Buffer }) {
    const bytes = Buffer.concat([Buffer.from(parts.topic), Buffer.from(parts.key), parts.value]);
    const signature = sign(null, bytes, keys.privateKey).toString('base64url');
    return { [SIGNATURE_HEADER]: `k1.${signature}` };
  }

  it('proves the record under the public key of who signed it, and under no other', () => {
    const headers = headersOf(signed);
    expect(verifySignature({ ...signed, headers }, publicKey)).toBe(true);
    const another = rawKeyOf(generateKeyPairSync('ed25519'));
    expect(verifySignature({ ...signed, headers }, another)).toBe(false);
    expect(verifySignature({ ...signed, key: 'other', headers }, publicKey)).toBe(false);
    expect(verifySignature({ ...signed, topic: 'outcomes.v1', headers }, publicKey)).toBe(false);
    expect(verifySignature({ ...signed, value: null, headers }, publicKey)).toBe(false);
    expect(verifySignature({ ...signed, headers: {} }, publicKey)).toBe(false);
  });

  it('proves nothing where key and value could be parted otherwise', () => {
    const moved = { ...record, key: 'billing-botv', value: Buffer.from('alue') };
    expect(verifySignature({ ...moved, headers: headersOf(record) }, publicKey)).toBe(false);
    const hidden = { ...record, key: 'billing-bot\0', value: Buffer.from('\0') };
    expect(verifySignature({ ...hidden, headers: headersOf(hidden) }, publicKey)).toBe(false);
  });

  it('is never valid under a text that is no key', () => {
    expect(verifySignature({ ...signed, headers: headersOf(signed) }, 'no key')).toBe(false);
  });
});

/** The public key of a pair, raw, base64url. */
function rawKeyOf({ publicKey }: KeyPairKeyObjectResult): string {
  return String(publicKey.export({ format: 'jwk' }).x);
}
