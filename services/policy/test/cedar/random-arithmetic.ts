/** Claims about long arithmetic around the powers of two, where doubles and i64 run out. */
import type { RandomSource } from './random-source.ts';

const I64_MIN = -(2n ** 63n);
const I64_MAX = 2n ** 63n - 1n;

/** Such as `94906267 * 94906267 == 9007199515875289`: true, off by one, or an overflow. */
export function randomArithmeticClaim(random: RandomSource): string {
  const [left, right] = [randomLong(random), randomLong(random)];
  const operator = random.pick(['+', '-', '*'] as const);
  const exact = { '+': left + right, '-': left - right, '*': left * right }[operator];
  const claimed = clamped(exact + random.pick([0n, 0n, 1n, -1n]));
  return `(${left}) ${operator} (${right}) == (${claimed})`;
}

function randomLong(random: RandomSource): bigint {
  const magnitude = 2n ** BigInt(random.below(64)) + BigInt(random.below(2_000) - 1_000);
  return clamped(random.chance(0.5) ? magnitude : -magnitude);
}

function clamped(value: bigint): bigint {
  if (value > I64_MAX) return I64_MAX;
  return value < I64_MIN ? I64_MIN : value;
}
