import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createArrivals } from '../src/domain/arrivals.ts';
import { createRandom, integerBetween, pick } from '../src/domain/random.ts';

function gaps(seed: string, count: number): readonly number[] {
  const arrivals = createArrivals(createRandom(seed), 1_000);
  return Array.from({ length: count }, () => arrivals.nextGapMs());
}

/** Pieces of work in each ten seconds. */
function counts(seed: string, count: number): readonly number[] {
  const perWindow: number[] = [];
  let atMs = 0;
  for (const gap of gaps(seed, count)) {
    atMs += gap;
    const window = Math.floor(atMs / 10_000);
    perWindow[window] = (perWindow[window] ?? 0) + 1;
  }
  return Array.from(perWindow, (value) => value ?? 0);
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function varianceOf(values: readonly number[]): number {
  const mean = meanOf(values);
  return meanOf(values.map((value) => (value - mean) ** 2));
}

describe('arrivals', () => {
  it('are the same for the same seed and others for another', () => {
    expect(gaps('one', 50)).toEqual(gaps('one', 50));
    expect(gaps('one', 50)).not.toEqual(gaps('two', 50));
  });

  it('come as often as asked for on average', () => {
    const mean = meanOf(gaps('mean', 60_000));
    expect(mean).toBeGreaterThan(850);
    expect(mean).toBeLessThan(1_150);
  });

  it('vary more than a Poisson process, as recorded traffic does', () => {
    const perWindow = counts('burst', 40_000);
    expect(varianceOf(perWindow) / meanOf(perWindow)).toBeGreaterThan(3);
    const all = gaps('burst', 40_000);
    expect(Math.sqrt(varianceOf(all)) / meanOf(all)).toBeGreaterThan(1.2);
  });

  it('come in episodes: a busy window is followed by a busy one', () => {
    const perWindow = counts('episodes', 40_000);
    const mean = meanOf(perWindow);
    const pairs = perWindow
      .slice(1)
      .map((value, index) => (value - mean) * ((perWindow[index] ?? 0) - mean));
    expect(meanOf(pairs) / varianceOf(perWindow)).toBeGreaterThan(0.1);
  });
});

describe('random choices', () => {
  it('stay within their range', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: -50, max: 50 }), fc.nat(50), (seed, low, span) => {
        const random = createRandom(seed);
        const value = integerBetween(random, low, low + span);
        expect(value).toBeGreaterThanOrEqual(low);
        expect(value).toBeLessThanOrEqual(low + span);
        expect(['a', 'b', 'c']).toContain(pick(random, ['a', 'b', 'c']));
      }),
    );
  });

  it('use the whole range evenly', () => {
    const random = createRandom('even');
    const hits = Array.from({ length: 10 }, () => 0);
    for (let draw = 0; draw < 10_000; draw += 1) {
      const cell = Math.floor(random.next() * 10);
      hits[cell] = (hits[cell] ?? 0) + 1;
    }
    expect(Math.min(...hits)).toBeGreaterThan(850);
    expect(Math.max(...hits)).toBeLessThan(1_150);
  });
});
