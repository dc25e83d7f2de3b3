import { expect, it } from 'vitest';
import { RollCall } from '../src/enforcement/roll-call.ts';

it('is settled when the last lease is over, and not a moment before', async () => {
  const closing = new AbortController();
  const states = await Promise.all(
    Array.from({ length: 200 }, async (_, index) => {
      const saidMs = performance.now();
      const mute = { id: 'mute', leaseUntilMs: saidMs + 5 + index / 7 };
      const roll = new RollCall(saidMs, new Map([[mute.id, mute]]));
      await roll.untilSettled(performance.now(), 10_000, closing.signal);
      return roll.confirmations(performance.now())[0]?.state;
    }),
  );
  expect(new Set(states)).toEqual(new Set(['fenced']));
});
