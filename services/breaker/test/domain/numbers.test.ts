import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exp, ln } from '../../src/domain/numbers/logarithm.ts';
import { countLimit, tailOf } from '../../src/domain/numbers/negative-binomial.ts';
import { normalQuantile } from '../../src/domain/numbers/normal.ts';
import { noteSeen } from '../../src/domain/numbers/seen.ts';
import { bucketEnd, bucketOf, countValue, quantileEnd } from '../../src/domain/numbers/sketch.ts';

/** One false alarm in a month of minutes. */
const MONTHLY = 1 / 43_200;

describe('logarithm and exponential', () => {
  it('agree with the engine to the last digits', () => {
    const positive = fc.double({ min: 1e-300, max: 1e300, noNaN: true });
    fc.assert(
      fc.property(positive, (x) => {
        expect(Math.abs(ln(x) - Math.log(x))).toBeLessThanOrEqual(
          2e-15 * Math.abs(Math.log(x)) + 4e-16,
        );
      }),
    );
    fc.assert(
      fc.property(fc.double({ min: -690, max: 690, noNaN: true }), (x) => {
        expect(Math.abs(exp(x) / Math.exp(x) - 1)).toBeLessThan(1e-13);
      }),
    );
  });

  it('have the bits that every engine must have', () => {
    const bits = (x: number) => new BigUint64Array(new Float64Array([x]).buffer)[0]?.toString(16);
    expect([ln(10), ln(1e-9), exp(1), exp(-20.5)].map(bits)).toMatchInlineSnapshot(`
      [
        "40026bb1bbb55515",
        "c034b927f32bffb8",
        "4005bf0a8b14576a",
        "3e157a3afeed00ac",
      ]
    `);
  });

  it('refuse what has none', () => {
    expect(() => ln(0)).toThrow(/positive/);
    expect(() => exp(701)).toThrow(/range/);
    expect(exp(-701)).toBe(0);
  });
});

describe('upper tails of counts', () => {
  // Exact tails: a variance of mean + mean² / 3, and Poisson's.
  it.each([
    { mean: 1, poisson: 8, varied: 11 },
    { mean: 3, poisson: 13, varied: 22 },
    { mean: 10, poisson: 26, varied: 59 },
    { mean: 30, poisson: 56, varied: 163 },
  ])(
    'a mean of $mean is passed once a month at $poisson or $varied',
    ({ mean, poisson, varied }) => {
      expect(countLimit({ mean, variance: mean + (mean * mean) / 3 }, MONTHLY)).toBe(varied);
      // Two percent above Poisson's variance is the least there is.
      expect(Math.abs(countLimit({ mean, variance: mean }, MONTHLY) - poisson)).toBeLessThanOrEqual(
        1,
      );
    },
  );

  it('a limit is the first count whose tail is small enough', () => {
    const means = fc.double({ min: 0.01, max: 64, noNaN: true });
    const ratios = fc.double({ min: 1.05, max: 30, noNaN: true });
    fc.assert(
      fc.property(means, ratios, (mean, ratio) => {
        const expected = { mean, variance: ratio * mean };
        const limit = countLimit(expected, 1e-6);
        expect(tailOf(expected, limit)).toBeLessThanOrEqual(1e-6);
        expect(tailOf(expected, limit - 1)).toBeGreaterThan(1e-6);
      }),
    );
  });

  it('large means go on where small ones end', () => {
    for (const ratio of [1.5, 4, 20, 200]) {
      const at = (mean: number) => countLimit({ mean, variance: ratio * mean }, 1e-6) / mean;
      expect(at(64.01)).toBeGreaterThan(at(64) * 0.93);
      expect(at(64.01)).toBeLessThan(at(64) * 1.07);
    }
  });

  it('knows where the normal distribution leaves a tail', () => {
    expect(normalQuantile(0.025)).toBeCloseTo(1.96, 2);
    expect(normalQuantile(1e-6)).toBeCloseTo(4.753, 2);
  });
});

describe('the quantile sketch', () => {
  it('answers at most 1.5 times too high, and never too low', () => {
    const values = fc.array(fc.integer({ min: 1, max: 1_000_000 }), {
      minLength: 100,
      maxLength: 400,
    });
    fc.assert(
      fc.property(values, (list) => {
        const counts = new Uint16Array(64);
        for (const value of list) countValue(counts, 0, value);
        const sorted = [...list].sort((a, b) => b - a);
        const exact = sorted[Math.floor(list.length / 20)] ?? 0;
        const answer = quantileEnd(counts, 0, 20);
        expect(answer).toBeGreaterThan(exact);
        expect(answer).toBeLessThanOrEqual(Math.max(2, exact * 1.5 + 1));
      }),
    );
  });

  it('holds every number below the end of its bucket', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4_294_967_295 }), (value) => {
        expect(bucketEnd(bucketOf(value))).toBeGreaterThan(value);
      }),
    );
  });

  it('forgets half of everything when a counter is full', () => {
    const counts = new Uint16Array(64);
    counts[3] = 1_000;
    for (let n = 0; n < 65_535; n += 1) countValue(counts, 0, 100);
    expect(counts[3]).toBe(500);
    expect(Math.max(...counts)).toBeLessThan(65_535);
  });
});

describe('the memory of names', () => {
  it('knows a name again, and most names that are new', () => {
    const bits = new Uint32Array(64);
    const place = { start: 0, words: 32 };
    const news = Array.from({ length: 300 }, (_, n) => noteSeen(bits, place, n * 7_919));
    expect(news.filter(Boolean).length).toBeGreaterThan(230);
    expect(noteSeen(bits, place, 299 * 7_919)).toBe(false);
  });
});
