import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ATTEMPTS_MAX,
  isRetryableStatus,
  pauseBeforeRetry,
  retryAfterMsOf,
} from '../src/domain/retry.ts';

describe('the pause before a retry', () => {
  it('is never sooner than Retry-After and never past the deadline', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: ATTEMPTS_MAX + 2 }),
        fc.integer({ min: 0, max: 20_000 }),
        fc.option(fc.integer({ min: 0, max: 20_000 })),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (attempts, remainingMs, retryAfterMs, random) => {
          const pauseMs = pauseBeforeRetry({ attempts, remainingMs, retryAfterMs, random });
          if (pauseMs === null) return;
          expect(attempts).toBeLessThan(ATTEMPTS_MAX);
          expect(pauseMs).toBeGreaterThanOrEqual(retryAfterMs ?? 0);
          expect(pauseMs).toBeLessThan(remainingMs);
        },
      ),
    );
  });

  it('doubles up to two seconds', () => {
    const pauses = [1, 2, 3, 4, 5].map((attempts) =>
      pauseBeforeRetry({ attempts, remainingMs: 60_000, retryAfterMs: null, random: 0.999 }),
    );
    expect(pauses).toEqual([100, 200, 400, 800, 1_599]);
  });
});

describe('Retry-After', () => {
  it.each([
    ['3', 3_000],
    ['Thu, 01 Jan 1970 00:00:05 GMT', 4_000],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['soon', null],
    [null, null],
  ])('%s is %s ms', (header, ms) => {
    expect(retryAfterMsOf(header, 1_000)).toBe(ms);
  });
});

it('asks again for what may pass, not for what was refused', () => {
  expect([408, 429, 500, 502, 503, 504].every(isRetryableStatus)).toBe(true);
  expect([400, 401, 403, 404, 409, 413, 422].some(isRetryableStatus)).toBe(false);
});
