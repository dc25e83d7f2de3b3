/**
 * Proof of who wrote a record (DESIGN §3): `estop-link` is an HMAC-SHA-256 under the deployment's
 * link key over topic, key and value, each with its length in front; `estop-signature` an Ed25519
 * signature under an agent's registered key over topic, key and value, one behind the other.
 */
import {
  createHash,
  createPublicKey,
  hash,
  type KeyObject,
  timingSafeEqual,
  verify,
} from 'node:crypto';
import type { StoredRecord } from './port.ts';

export const LINK_HEADER = 'estop-link';
export const SIGNATURE_HEADER = 'estop-signature';

const HMAC_BLOCK_BYTES = 64;
const HASH_BYTES = 32;
const LENGTH_BYTES = 4;
const WIRE_MAGIC = 0;
/** Public keys parsed and kept; above, the oldest is parsed again. */
const KEYS_MAX = 10_000;
/** DER prefixes of raw Ed25519 keys (RFC 8410). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

type Proven = Pick<StoredRecord, 'topic' | 'key' | 'value'>;

/** Makes and checks links under one key. */
export interface Linker {
  /** The value of the `estop-link` header. */
  link(record: Proven): string;
  isLinked(record: Pick<StoredRecord, 'topic' | 'key' | 'value' | 'headers'>): boolean;
}

/**
 * HMAC as RFC 2104 spells it out, of two hashes in one call each: no hash object is made per record,
 * which halves the cost of createHmac.
 */
export function createLinker(linkKey: Buffer): Linker {
  const key = linkKey.length > HMAC_BLOCK_BYTES ? sha256(linkKey) : linkKey;
  const innerPad = padded(key, 0x36);
  const outer = Buffer.concat([padded(key, 0x5c), Buffer.alloc(HASH_BYTES)]);

  /** In `outer`, so only until the next call. */
  function outerInput(record: Proven): Buffer {
    const inner = framed(record, HMAC_BLOCK_BYTES);
    innerPad.copy(inner);
    // As a binary text, one character a byte: a buffer as the result costs three times as much.
    outer.write(hash('sha256', inner, 'binary'), HMAC_BLOCK_BYTES, 'binary');
    return outer;
  }
  return {
    link: (record) => hash('sha256', outerInput(record), 'base64url'),
    isLinked(record) {
      const header = record.headers[LINK_HEADER];
      if (header === undefined) return false;
      const claimed = Buffer.from(header, 'base64url');
      const expected = Buffer.from(hash('sha256', outerInput(record), 'binary'), 'binary');
      return claimed.length === expected.length && timingSafeEqual(claimed, expected);
    },
  };
}

/**
 * Whether the record carries a valid signature of a raw Ed25519 public key, base64url. The header is
 * the key's id, a dot, and the signature, base64url.
 */
export function verifySignature(
  record: Pick<StoredRecord, 'topic' | 'key' | 'value' | 'headers'>,
  publicKey: string,
): boolean {
  const header = record.headers[SIGNATURE_HEADER];
  const key = publicKeyOf(publicKey);
  const { value } = record;
  // The zero byte of the wire format, which no key holds, says where the value begins: without it
  // another key and value could have the same bytes.
  if (header === undefined || key === undefined || value?.[0] !== WIRE_MAGIC) return false;
  if (record.key.includes('\0')) return false;
  const signature = Buffer.from(header.slice(header.lastIndexOf('.') + 1), 'base64url');
  const signed = Buffer.concat([Buffer.from(record.topic), Buffer.from(record.key), value]);
  return verify(null, signed, key, signature);
}

const keyByText = new Map<string, KeyObject | null>();

function publicKeyOf(text: string): KeyObject | undefined {
  let key = keyByText.get(text);
  if (key === undefined) {
    key = parsePublicKey(text);
    keyByText.set(text, key);
    for (const oldest of keyByText.keys()) {
      if (keyByText.size <= KEYS_MAX) break;
      keyByText.delete(oldest);
    }
  }
  return key ?? undefined;
}

function parsePublicKey(text: string): KeyObject | null {
  const der = Buffer.concat([SPKI_PREFIX, Buffer.from(text, 'base64url')]);
  try {
    return createPublicKey({ key: der, format: 'der', type: 'spki' });
  } catch {
    return null;
  }
}

/** The record in its frame, with room for something in front. */
function framed({ topic, key, value }: Proven, room = 0): Buffer {
  const valueBytes = value === null ? 0 : value.length;
  const topicBytes = Buffer.byteLength(topic);
  const keyBytes = Buffer.byteLength(key);
  const frame = Buffer.allocUnsafe(room + 3 * LENGTH_BYTES + topicBytes + keyBytes + valueBytes);
  let at = frame.writeUInt32BE(topicBytes, room);
  at += frame.write(topic, at);
  at = frame.writeUInt32BE(keyBytes, at);
  at += frame.write(key, at);
  // A tombstone is no empty value.
  at = frame.writeUInt32BE(value === null ? 0xffffffff : valueBytes, at);
  value?.copy(frame, at);
  return frame;
}

function padded(key: Buffer, pad: number): Buffer {
  const block = Buffer.alloc(HMAC_BLOCK_BYTES, pad);
  for (const [index, byte] of key.entries()) block[index] = byte ^ pad;
  return block;
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
