/**
 * The keys that sign permits. Every gateway of a deployment derives the same ones from the link key,
 * a new one for each day, so that nothing is stored, and all doors know all gateways. The embedded
 * log has one gateway, whose secret lives as long as its process.
 */
import { createPrivateKey, createPublicKey, hkdfSync, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, type JWK } from 'jose';

const DAY_MS = 86_400_000;
const SEED_BYTES = 32;
/** PKCS #8 of an Ed25519 seed (RFC 8410, section 7) up to the seed itself. */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');

export interface SigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicJwk: JWK;
}

export class PermitKeys {
  readonly #secret: Uint8Array;
  readonly #keyByDay = new Map<number, Promise<SigningKey>>();

  constructor(secret: Uint8Array) {
    this.#secret = secret;
  }

  /** The key of the day. */
  current(nowMs: number): Promise<SigningKey> {
    return this.#keyOf(Math.floor(nowMs / DAY_MS));
  }

  /** The JWK set (RFC 7517) of yesterday, today and tomorrow: clocks differ. */
  async published(nowMs: number): Promise<{ readonly keys: readonly JWK[] }> {
    const day = Math.floor(nowMs / DAY_MS);
    const keys = await Promise.all([day - 1, day, day + 1].map((one) => this.#keyOf(one)));
    return { keys: keys.map(({ publicJwk }) => publicJwk) };
  }

  #keyOf(day: number): Promise<SigningKey> {
    let key = this.#keyByDay.get(day);
    if (key === undefined) {
      key = derive(this.#secret, day);
      this.#keyByDay.set(day, key);
      for (const known of this.#keyByDay.keys()) {
        if (Math.abs(known - day) > 2) this.#keyByDay.delete(known);
      }
    }
    return key;
  }
}

/** HKDF-SHA-256 (RFC 5869) of the secret, for this use and this day alone. */
async function derive(secret: Uint8Array, day: number): Promise<SigningKey> {
  const seed = hkdfSync('sha256', secret, '', `estop permit key ${day}`, SEED_BYTES);
  const privateKey = createPrivateKey({
    key: Buffer.concat([PKCS8_HEAD, Buffer.from(seed)]),
    format: 'der',
    type: 'pkcs8',
  });
  const jwk = await exportJWK(createPublicKey(privateKey));
  const kid = await calculateJwkThumbprint(jwk);
  return { kid, privateKey, publicJwk: { ...jwk, kid, alg: 'EdDSA', use: 'sig' } };
}
