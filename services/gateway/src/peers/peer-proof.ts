/**
 * How gateways of one deployment prove to each other who they are: HMAC-SHA-256 over time and words,
 * under a key that is derived from the link key for this use alone (HKDF, RFC 5869). Words are
 * harmless when they are replayed; the time only keeps old captures from filling anybody's log.
 */
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import canonicalize from 'canonicalize';

const KEY_BYTES = 32;
/** Clocks of gateways may differ by so much. */
const SKEW_MS_MAX = 5 * 60_000;

export class PeerProof {
  readonly #key: Buffer;

  constructor(linkKey: Uint8Array) {
    this.#key = Buffer.from(hkdfSync('sha256', linkKey, '', 'estop peer key v1', KEY_BYTES));
  }

  of(at: number, words: unknown): string {
    return this.#mac(at, words).toString('base64url');
  }

  holds(
    proof: string,
    about: { readonly at: number; readonly words: unknown; readonly nowMs: number },
  ): boolean {
    const given = Buffer.from(proof, 'base64url');
    const wanted = this.#mac(about.at, about.words);
    const isRight = given.length === wanted.length && timingSafeEqual(given, wanted);
    return isRight && Math.abs(about.nowMs - about.at) <= SKEW_MS_MAX;
  }

  /** Over the RFC 8785 text, which does not depend on how the words were written down. */
  #mac(at: number, words: unknown): Buffer {
    return createHmac('sha256', this.#key)
      .update(`${at}\n${canonicalize(words)}`)
      .digest();
  }
}
