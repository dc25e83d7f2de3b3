/**
 * Quantiles of amounts and durations out of 64 counters: two buckets for each doubling, so that an
 * answer is at most a factor of 1.5 above the exact one. In place of a sketch with logarithms
 * (DDSketch): 128 bytes instead of 4 kB, whole numbers only, and the same bytes on every engine.
 */
import { BUCKETS, U16_MAX } from '../state/layout.ts';

/** Bucket of a whole number from 0: [2^k, 1.5 × 2^k) and [1.5 × 2^k, 2^(k + 1)). */
export function bucketOf(value: number): number {
  if (value < 1) return 0;
  const clipped = value < 4_294_967_295 ? Math.floor(value) : 4_294_967_295;
  const doublings = 31 - Math.clz32(clipped);
  const isUpper = doublings > 0 && ((clipped >>> (doublings - 1)) & 1) === 1;
  return 2 * doublings + (isUpper ? 1 : 0);
}

/** The first whole number above a bucket. */
export function bucketEnd(bucket: number): number {
  const floor = (1 << ((bucket - (bucket % 2)) / 2)) >>> 0;
  return bucket % 2 === 0 ? Math.ceil(floor * 1.5) : floor * 2;
}

/** Counts a value; a full counter halves them all, so that old values fade. */
export function countValue(counts: Uint16Array, start: number, value: number): void {
  const place = start + bucketOf(value);
  const count = (counts[place] ?? 0) + 1;
  counts[place] = count;
  if (count < U16_MAX) return;
  for (let at = start; at < start + BUCKETS; at += 1) counts[at] = (counts[at] ?? 0) >>> 1;
}

export function countOf(counts: Uint16Array, start: number): number {
  let sum = 0;
  for (let at = start; at < start + BUCKETS; at += 1) sum += counts[at] ?? 0;
  return sum;
}

/** The value that at most one of `oneIn` values passed; 0 when there are fewer values than that. */
export function quantileEnd(counts: Uint16Array, start: number, oneIn: number): number {
  const total = countOf(counts, start);
  if (total < oneIn) return 0;
  const allowed = total / oneIn;
  let above = 0;
  for (let bucket = BUCKETS - 1; bucket >= 0; bucket -= 1) {
    above += counts[start + bucket] ?? 0;
    if (above > allowed) return bucketEnd(bucket);
  }
  return 0;
}
