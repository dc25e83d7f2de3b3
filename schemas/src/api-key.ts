/**
 * API keys: `estop_<credential id>_<secret>`. The id finds the credential, the SHA-256 of the whole
 * text proves it; only that hash is ever stored. 256 random bits need no slow hash.
 */
import { createHash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import { type CredentialId, parseCredentialId } from './ids.ts';
import { invariant } from './invariant.ts';

const KEY = /^estop_([a-z0-9]{12})_[A-Za-z0-9_-]{43}$/;
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';
const ID_CHARS = 12;
const SECRET_BYTES = 32;

export interface NewApiKey {
  readonly credentialId: CredentialId;
  /** The whole key; shown once, stored nowhere. */
  readonly key: string;
  /** Lower-case hex SHA-256 of the key. */
  readonly secretHash: string;
}

export function newApiKey(): NewApiKey {
  const credentialId = newCredentialId();
  const key = `estop_${credentialId}_${randomBytes(SECRET_BYTES).toString('base64url')}`;
  return { credentialId, key, secretHash: hashOfKey(key) };
}

export function newCredentialId(): CredentialId {
  const chars = Array.from({ length: ID_CHARS }, () => ALPHABET[randomInt(ALPHABET.length)]);
  const credentialId = parseCredentialId(chars.join(''));
  invariant(credentialId !== undefined, 'a generated credential id is one');
  return credentialId;
}

/** The credential a key names, or undefined when the text has not the form of a key. */
export function credentialIdOfKey(key: string): string | undefined {
  return KEY.exec(key)?.[1];
}

/** Whether a key has this hash; the time it takes says nothing about where they differ. */
export function isKeyOf(key: string, secretHash: string): boolean {
  const expected = Buffer.from(secretHash, 'hex');
  const actual = hashOf(key);
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}

/** The lower-case hex SHA-256 under which a key is known. */
export function hashOfKey(key: string): string {
  return hashOf(key).toString('hex');
}

function hashOf(key: string): Buffer {
  return createHash('sha256').update(key, 'utf8').digest();
}
