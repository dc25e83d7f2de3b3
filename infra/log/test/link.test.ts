import { createHmac, generateKeyPairSync } from 'node:crypto';
import {
  createLinker,
  LINK_HEADER,
  privateKeyOf,
  SIGNATURE_HEADER,
  signRecord,
  verifySignature,
} from '@estop/log/link';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const record = { topic: 'intents.v1', key: 'billing-bot', value: Buffer.from('value') } as const;

function rawKeys(): { readonly privateKey: string; readonly publicKey: string } {
  const pair = generateKeyPairSync('ed25519');
  const { d, x } = pair.privateKey.export({ format: 'jwk' });
  return { privateKey: String(d), publicKey: String(x) };
}

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
  it('proves the record under the public key of who signed it, and under no other', () => {
    const { privateKey, publicKey } = rawKeys();
    const headers = { [SIGNATURE_HEADER]: signRecord(record, 'k1', privateKeyOf(privateKey)) };
    expect(verifySignature({ ...record, headers }, publicKey)).toBe(true);
    expect(verifySignature({ ...record, headers }, rawKeys().publicKey)).toBe(false);
    expect(verifySignature({ ...record, key: 'other', headers }, publicKey)).toBe(false);
    expect(verifySignature({ ...record, headers: {} }, publicKey)).toBe(false);
  });

  it('is never valid under a text that is no key', () => {
    const headers = {
      [SIGNATURE_HEADER]: signRecord(record, 'k', privateKeyOf(rawKeys().privateKey)),
    };
    expect(verifySignature({ ...record, headers }, 'no key')).toBe(false);
  });
});
