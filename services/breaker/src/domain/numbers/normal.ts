import { ln } from './logarithm.ts';

/**
 * Where the standard normal distribution leaves `tail` above it, for 0 < tail < 0.5: Abramowitz and
 * Stegun 26.2.23, within 4.5e-4.
 */
export function normalQuantile(tail: number): number {
  const t = Math.sqrt(-2 * ln(tail < 0.5 ? tail : 0.499_999));
  const top = 2.515517 + t * (0.802853 + t * 0.010328);
  const bottom = 1 + t * (1.432788 + t * (0.189269 + t * 0.001308));
  return t - top / bottom;
}
