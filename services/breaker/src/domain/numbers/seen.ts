/**
 * Whether a name was met before, in two generations of bits: when half of the newer one is set it
 * becomes the older one. A name may be taken for a known one (never the other way round), so that
 * a full memory makes fewer findings, not more.
 */
import { mixed } from './hash.ts';

/** Where a memory lies: two generations of `words` each, a power of two. */
export interface SeenPlace {
  readonly start: number;
  readonly words: number;
}

/** Notes a hashed name; true when it is new. */
export function noteSeen(bits: Uint32Array, place: SeenPlace, hash: number): boolean {
  const bit = mixed(hash) & (place.words * 32 - 1);
  const word = place.start + (bit >>> 5);
  const mask = 1 << (bit & 31);
  const isNewer = ((bits[word] ?? 0) & mask) !== 0;
  if (isNewer) return false;
  const isOlder = ((bits[word + place.words] ?? 0) & mask) !== 0;
  bits[word] = (bits[word] ?? 0) | mask;
  if (bitsSet(bits, place) * 2 > place.words * 32) turnGeneration(bits, place);
  return !isOlder;
}

/** How many bits of the newer generation are set. */
export function bitsSet(bits: Uint32Array, { start, words }: SeenPlace): number {
  let sum = 0;
  for (let at = start; at < start + words; at += 1) sum += ones(bits[at] ?? 0);
  return sum;
}

function turnGeneration(bits: Uint32Array, { start, words }: SeenPlace): void {
  bits.copyWithin(start + words, start, start + words);
  bits.fill(0, start, start + words);
}

function ones(word: number): number {
  let value = word - ((word >>> 1) & 0x55555555);
  value = (value & 0x33333333) + ((value >>> 2) & 0x33333333);
  return Math.imul((value + (value >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
