import { serializeState } from '@estop/policy/domain/serialize';
import type { PartitionState } from '@estop/policy/domain/state';
import type { BudgetId } from '@estop/schemas/ids';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALLOW, askFirst, createFleetDouble, person, rate, spendBudget } from './fleet-double.ts';
import { digestOf, lastEvent, Partition } from './specification.ts';

const CEILING = 100;
const RATE_LIMIT = 7;
const RATE_WINDOW_MS = 60_000;
const BUDGET = 'spend' as BudgetId;

type Step = { readonly what: string; readonly id: number; readonly amount: number };

const steps = fc.array(
  fc.record({
    what: fc.constantFrom(
      'propose',
      'ask',
      'approve',
      'stale',
      'reject',
      'ok',
      'cancel',
      'wait',
      'expire',
    ),
    id: fc.integer({ min: 0, max: 9 }),
    amount: fc.integer({ min: 0, max: 60 }),
  }),
  { maxLength: 60 },
);

/** Runs a random history; `check` sees the partition after each step. */
function run(
  history: readonly Step[],
  check: (partition: Partition, step: Step) => void,
): Partition {
  const fleet = createFleetDouble({
    budgets: [spendBudget(BUDGET, CEILING)],
    rates: [rate('r', RATE_LIMIT, RATE_WINDOW_MS)],
    people: [person('dana@example.com', 'approver')],
    rule: (request, granted) => (request.tool.name === 'ask' ? askFirst(request, granted) : ALLOW),
  });
  const partition = new Partition(fleet);
  for (const step of history) {
    takeStep(partition, step);
    check(partition, step);
  }
  return partition;
}

function takeStep(partition: Partition, { what, id, amount }: Step): void {
  const intentId = `i${id}`;
  const tool = what === 'ask' ? 'ask' : 'crm.update';
  switch (what) {
    case 'propose':
    case 'ask':
      partition.propose({ intentId, tool, microUsd: amount });
      break;
    case 'approve':
      partition.approve('dana@example.com', intentId, digestOf({ intentId, tool: 'ask' }));
      break;
    case 'stale':
      partition.approve('dana@example.com', intentId, digestOf({ intentId, tool: 'other' }));
      break;
    case 'reject':
      partition.order(
        { type: 'Reject', intentId: intentId as never, digest: digestOf({ tool: 'ask' }) },
        'dana@example.com',
      );
      break;
    case 'ok':
      partition.outcome('ok', amount);
      break;
    case 'cancel':
      partition.outcome('cancelled');
      break;
    case 'wait':
      partition.after(amount * 20_000);
      break;
    default:
      partition.expire();
  }
}

function booked(state: PartitionState): { readonly spent: number; readonly reserved: number } {
  const [agent] = state.agentById.values();
  return agent?.ledgerById.get(BUDGET) ?? { spent: 0, reserved: 0 };
}

describe('whatever happens, in whatever order', () => {
  it('spent + reserved stays between 0 and the ceiling at every prefix of the log', () => {
    fc.assert(
      fc.property(steps, (history) => {
        run(history, ({ state }) => {
          const { spent, reserved } = booked(state);
          expect(spent).toBeGreaterThanOrEqual(0);
          expect(reserved).toBeGreaterThanOrEqual(0);
          expect(spent + reserved).toBeLessThanOrEqual(CEILING);
        });
      }),
      { numRuns: 500 },
    );
  });

  it('no sliding window of the rate holds more allowed calls than its limit', () => {
    fc.assert(
      fc.property(steps, (history) => {
        const partition = run(history, () => undefined);
        const allowedAt = partition.records
          .filter(({ events }) => events.some((event) => event.type === 'IntentAllowed'))
          .map(({ at }) => at);
        for (const at of allowedAt) {
          const within = allowedAt.filter((other) => other <= at && other > at - RATE_WINDOW_MS);
          expect(within.length).toBeLessThanOrEqual(RATE_LIMIT);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('each intent gets at most one final decision', () => {
    fc.assert(
      fc.property(steps, (history) => {
        const partition = run(history, () => undefined);
        const finals = partition.records
          .flatMap(({ events }) => events)
          .flatMap((event) =>
            event.type === 'IntentAllowed' || event.type === 'IntentDenied' ? [event.intentId] : [],
          );
        expect(finals).toHaveLength(new Set(finals).size);
      }),
      { numRuns: 300 },
    );
  });

  it('nothing that needs approval is allowed without a vote on its own digest', () => {
    fc.assert(
      fc.property(steps, (history) => {
        const partition = run(history, () => undefined);
        for (const { events } of partition.records) {
          const allowed = events.find((event) => event.type === 'IntentAllowed');
          if (allowed?.reason !== 'approved') continue;
          expect(events.map((event) => event.type)).toEqual([
            'CommandAccepted',
            'ApprovalVoted',
            'IntentAllowed',
          ]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('the state rebuilt from the records is the live one, byte for byte', () => {
    fc.assert(
      fc.property(steps, (history) => {
        const partition = run(history, () => undefined);
        expect(serializeState(partition.rebuilt())).toBe(serializeState(partition.state));
      }),
      { numRuns: 300 },
    );
  });

  it('asking again never changes the answer', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 0, max: 9 }), (history, id) => {
        const partition = run(history, () => undefined);
        const first = partition.propose({ intentId: `i${id}` });
        const again = partition.propose({ intentId: `i${id}`, arguments: '{"other":1}' });
        if ('kind' in first) expect(again).toEqual(first);
        else expect(again).toMatchObject({ kind: 'again', decision: { intentId: `i${id}` } });
        expect(lastEvent(partition.when({ type: 'fleet', hash: partition.fleet.hash }))).toEqual({
          kind: 'nothing',
        });
      }),
      { numRuns: 200 },
    );
  });
});
