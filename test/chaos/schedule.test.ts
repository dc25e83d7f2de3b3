import { describe, expect, it } from 'vitest';
import { KINDS, planFaults } from './schedule.ts';

const namesOf = (faults: number, seed: number) =>
  planFaults({ faults, seed }).map((step) =>
    step.map(({ kind, holdMs, seed: own }) => `${kind.name} ${holdMs} ${own}`),
  );

describe('the plan of a run', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(namesOf(60, 7)).toEqual(namesOf(60, 7));
    expect(namesOf(60, 7)).not.toEqual(namesOf(60, 8));
  });

  it('has as many faults as were asked for, of every kind, each in its share', () => {
    const deck = KINDS.reduce((sum, { share }) => sum + share, 0);
    const kinds = planFaults({ faults: 2 * deck, seed: 1 }).flat();
    expect(kinds).toHaveLength(2 * deck);
    for (const { name, share } of KINDS) {
      expect(kinds.filter(({ kind }) => kind.name === name)).toHaveLength(2 * share);
    }
  });

  it('lays only small faults over others, one at a time', () => {
    const steps = planFaults({ faults: 400, seed: 3 });
    const over = steps.filter((step) => step.length > 1);
    expect(over.length).toBeGreaterThan(20);
    for (const [, second, ...more] of over) {
      expect(second?.kind.isLight).toBe(true);
      expect(more).toEqual([]);
    }
  });

  it('holds each fault within the bounds of its kind', () => {
    for (const { kind, holdMs } of planFaults({ faults: 400, seed: 5 }).flat()) {
      expect(holdMs).toBeGreaterThanOrEqual(kind.holdMs.min);
      expect(holdMs).toBeLessThanOrEqual(kind.holdMs.max);
    }
  });

  it('can be of one kind only, and refuses a kind that does not exist', () => {
    const steps = planFaults({ faults: 10, seed: 1, only: 'two brokers' });
    expect(steps.flat().map(({ kind }) => kind.name)).toEqual(Array(10).fill('two brokers gone'));
    expect(() => planFaults({ faults: 1, seed: 1, only: 'flood' })).toThrow('flood');
  });
});
