/** A clock that stands until it is told to move, for tests and simulations. */
import { invariant } from '@estop/schemas/invariant';
import type { Clock } from './clock.ts';

export interface TestClock extends Clock {
  /** Moves both clocks forward. */
  advance(byMs: number): void;
  /** Sets the wall clock, as an administrator or NTP would; the monotonic clock stays. */
  setWall(nowMs: number): void;
}

export function createTestClock(startMs = 1_700_000_000_000): TestClock {
  let wallMs = startMs;
  let monotonicMs = 0;
  return {
    nowMs: () => wallMs,
    monotonicMs: () => monotonicMs,
    advance(byMs) {
      invariant(byMs >= 0, 'a clock is never moved back by advance');
      wallMs += byMs;
      monotonicMs += byMs;
    },
    setWall(nowMs) {
      wallMs = nowMs;
    },
  };
}
