import { expect, it } from 'vitest';
import { createTestClock } from '../src/test-clock.ts';

it('a test clock moves only when told, and its monotonic side never back', () => {
  const clock = createTestClock(1_000);
  expect(clock.nowMs()).toBe(1_000);
  clock.advance(5);
  clock.setWall(10);
  expect([clock.nowMs(), clock.monotonicMs()]).toEqual([10, 5]);
  expect(() => clock.advance(-1)).toThrow('never moved back');
});
