import { describe, expect, it } from 'vitest';
import { acceptLevel } from '../../src/domain/detectors/drift.ts';
import { PRODUCTION } from './production.ts';
import { DAY, sequence, type Watch, watch } from './rig.ts';

/** Days of so many calls a minute. */
function days(one: Watch, from: number, days: number, calls: number): void {
  const below = sequence(from + 1);
  for (let n = from * DAY; n < (from + days) * DAY; n += 1) one.minute(n, calls - 1 + below(3));
}

describe('a level that rose', () => {
  it('is told once a day until a person accepts it', () => {
    const one = watch(PRODUCTION);
    days(one, 0, 8, 4);
    const growth = () => one.findings.filter(({ rule }) => rule === 'growth').length;
    expect(growth()).toBe(0);
    days(one, 8, 3, 12);
    const told = growth();
    expect(told).toBeGreaterThanOrEqual(2);
    acceptLevel(one.state);
    days(one, 11, 3, 12);
    expect(growth()).toBe(told);
  });
});
