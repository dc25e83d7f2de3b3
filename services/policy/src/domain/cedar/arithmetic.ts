/**
 * Long arithmetic, exact over the whole of i64. Two numbers whose result is a safe integer never
 * touch a bigint: a double result in the safe range is exact, since rounding is monotonic.
 */
import { type CedarLong, longOf } from './values.ts';

export function addLongs(left: CedarLong, right: CedarLong): CedarLong {
  if (typeof left === 'number' && typeof right === 'number') {
    const sum = left + right;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return longOf(BigInt(left) + BigInt(right));
}

export function subtractLongs(left: CedarLong, right: CedarLong): CedarLong {
  if (typeof left === 'number' && typeof right === 'number') {
    const difference = left - right;
    if (Number.isSafeInteger(difference)) return difference;
  }
  return longOf(BigInt(left) - BigInt(right));
}

export function multiplyLongs(left: CedarLong, right: CedarLong): CedarLong {
  if (typeof left === 'number' && typeof right === 'number') {
    const product = left * right;
    if (Number.isSafeInteger(product)) return product;
  }
  return longOf(BigInt(left) * BigInt(right));
}

export function negateLong(value: CedarLong): CedarLong {
  return typeof value === 'number' ? 0 - value : longOf(-value);
}

/** Quotient rounded towards zero, as i64 division does; the divisor is positive. */
export function divideLong(dividend: CedarLong, divisor: number): CedarLong {
  if (typeof dividend === 'number') return (dividend - (dividend % divisor)) / divisor;
  return longOf(dividend / BigInt(divisor));
}
