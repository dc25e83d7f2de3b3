import { decideHalt, endedHalts } from '@estop/policy/domain/halts';
import { supersedes } from '@estop/schemas/halts';
import type { HaltId } from '@estop/schemas/ids';
import type { Halt } from '@estop/schemas/messages';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { haltOf, Partition } from './specification.ts';

const word = fc
  .record({
    epoch: fc.integer({ min: 1, max: 4 }),
    id: fc.constantFrom('a', 'b', 'c'),
    lifted: fc.boolean(),
  })
  .map(({ epoch, id, lifted }) =>
    haltOf({ fleet: true }, { epoch, haltId: `h-${id}` as HaltId, lifted }),
  );

/** The word that stands when these arrive in this order. */
function standing(words: readonly Halt[]): Halt | undefined {
  return words.reduce<Halt | undefined>((known, next) => {
    return known === undefined || supersedes(next, known) ? next : known;
  }, undefined);
}

describe('words on one scope', () => {
  it('leave the same one standing in whatever order and however often they arrive', () => {
    const orders = fc
      .array(word, { minLength: 1, maxLength: 8 })
      .chain((words) =>
        fc.tuple(
          fc.constant(words),
          fc.shuffledSubarray([...words, ...words], { minLength: words.length * 2 }),
        ),
      );
    fc.assert(
      fc.property(orders, ([words, others]) => {
        expect(standing(others)).toEqual(standing(words));
      }),
    );
  });

  it('are superseded by a higher epoch, a lift of another halt never', () => {
    const known = haltOf({ fleet: true }, { epoch: 3, haltId: 'h-b' as HaltId });
    expect(supersedes({ ...known, epoch: 4 }, known)).toBe(true);
    expect(supersedes({ ...known, lifted: true }, known)).toBe(true);
    expect(supersedes({ ...known, haltId: 'h-a' as HaltId, lifted: true }, known)).toBe(false);
    expect(supersedes(known, known)).toBe(false);
  });
});

describe('a partition', () => {
  it('ends a halt whose time is over by an event, once', () => {
    const partition = new Partition();
    partition.halt({ fleet: true }, { until: partition.atMs + 1_000 });
    expect(endedHalts(partition.state, partition.atMs)).toEqual([]);
    partition.after(1_000);
    const ended = endedHalts(partition.state, partition.atMs);
    expect(ended).toMatchObject([
      { type: 'halt', halt: { haltId: 'h1', lifted: true, by: 'service:policy' } },
    ]);
    for (const input of ended) {
      expect(partition.when(input)).toMatchObject({ events: [{ type: 'HaltLifted' }] });
    }
    expect(endedHalts(partition.state, partition.atMs)).toEqual([]);
    expect(partition.halt({ fleet: true }, { lifted: true })).toEqual({ kind: 'nothing' });
  });

  it('takes of two halts with one epoch the one that stands everywhere', () => {
    const partition = new Partition();
    partition.halt({ fleet: true }, { haltId: 'h-a' as HaltId });
    expect(partition.halt({ fleet: true }, { haltId: 'h-b' as HaltId })).toMatchObject({
      kind: 'record',
    });
    const lift = haltOf({ fleet: true }, { haltId: 'h-a' as HaltId, lifted: true });
    expect(decideHalt(partition.state, lift)).toEqual({ kind: 'nothing' });
    expect(partition.propose()).toMatchObject({ reason: 'halted' });
  });
});
