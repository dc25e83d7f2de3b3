/**
 * Logarithm and exponential out of additions, multiplications and divisions alone. The language
 * leaves the last digits of `Math.log` and `Math.exp` to each engine; what decides a trip must come
 * out bit for bit the same wherever the log is replayed, and IEEE 754 fixes these four operations.
 */
import { invariant } from '@estop/schemas/invariant';

const LN_2 = Math.LN2;
const LN_2_HIGH = 0.6931471803691238;
const LN_2_LOW = 1.9082149292705877e-10;
const SQRT_2 = Math.SQRT2;
const LARGEST_EXPONENT = 700;

/** Natural logarithm, within 1e-15 of the exact value relatively. `x` is positive and finite. */
export function ln(x: number): number {
  invariant(x > 0 && x < Number.POSITIVE_INFINITY, 'logarithms are of positive numbers');
  let mantissa = x;
  let exponent = 0;
  for (; mantissa >= 4_294_967_296; exponent += 32) mantissa /= 4_294_967_296;
  for (; mantissa < 1 / 4_294_967_296; exponent -= 32) mantissa *= 4_294_967_296;
  for (; mantissa > SQRT_2; exponent += 1) mantissa *= 0.5;
  for (; mantissa < SQRT_2 / 2; exponent -= 1) mantissa *= 2;
  // ln m = 2 artanh((m - 1) / (m + 1)), whose series falls by 34 each term.
  const s = (mantissa - 1) / (mantissa + 1);
  const square = s * s;
  let sum = 0;
  for (let odd = 21; odd >= 1; odd -= 2) sum = sum * square + 1 / odd;
  return exponent * LN_2 + 2 * s * sum;
}

/** e to the power of `x`; 0 below -700. */
export function exp(x: number): number {
  invariant(x <= LARGEST_EXPONENT, 'powers of e stay in range');
  if (x < -LARGEST_EXPONENT) return 0;
  const twos = Math.floor(x / LN_2 + 0.5);
  const rest = x - twos * LN_2_HIGH - twos * LN_2_LOW;
  let sum = 1;
  for (let n = 14; n >= 1; n -= 1) sum = 1 + (rest / n) * sum;
  return sum * powerOfTwo(twos);
}

function powerOfTwo(exponent: number): number {
  let base = exponent < 0 ? 0.5 : 2;
  let power = 1;
  for (let left = Math.abs(exponent); left > 0; left = (left - (left % 2)) / 2) {
    if (left % 2 === 1) power *= base;
    base *= base;
  }
  return power;
}
