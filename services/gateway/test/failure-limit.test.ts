import { createTestClock } from '@estop/runtime/test-clock';
import { expect, it } from 'vitest';
import { FailureLimit } from '../src/auth/failure-limit.ts';

it('says when failures of an address count anew', () => {
  const clock = createTestClock();
  const limit = new FailureLimit(clock);
  clock.advance(60_000);
  for (let failure = 1; failure <= 50; failure += 1) expect(limit.retryAfterS('a')).toBeNull();
  expect(limit.retryAfterS('a')).toBe(10);
  expect(limit.retryAfterS('b')).toBeNull();
  clock.advance(7_500);
  expect(limit.retryAfterS('a')).toBe(3);
  clock.advance(2_500);
  expect(limit.retryAfterS('a')).toBeNull();
});
