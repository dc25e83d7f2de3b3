/** FNV-1a (Fowler, Noll, Vo), 32 bits: names of calls and targets in four bytes. */
const OFFSET = 0x811c9dc5;
const DIGEST_CHARACTERS = 16;
const PRIME = 0x01000193;

/** Hash of a text, continued from `seed`: an unsigned 32-bit integer. */
export function hashText(text: string, seed = OFFSET): number {
  return hashFrom(text, 0, seed);
}

/** Of the last 16 characters only: as good as all of them where the text is itself a digest. */
export function hashDigest(digest: string, seed = OFFSET): number {
  return hashFrom(digest, Math.max(0, digest.length - DIGEST_CHARACTERS), seed);
}

function hashFrom(text: string, from: number, seed: number): number {
  let hash = seed;
  for (let at = from; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), PRIME);
  }
  return hash >>> 0;
}

/** Spreads the bits of a hash, so that any of them may choose a place (MurmurHash3's finish). */
export function mixed(hash: number): number {
  let value = hash;
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
