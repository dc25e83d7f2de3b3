import type { BudgetId, CredentialId } from '@estop/schemas/ids';
import { describe, expect, it } from 'vitest';
import { callsBudget, createFleetDouble, person, spendBudget } from './fleet-double.ts';
import { lastEvent, Partition } from './specification.ts';

const BUDGET = 'spend' as BudgetId;
const KEY = {
  credentialId: 'k1' as CredentialId,
  kind: 'api-key',
  secretHash: 'ab',
  publicKey: null,
} as const;

/** A partition in which intent i1 was allowed and holds 60 of 100. */
function holding(): Partition {
  const people = [person('otto@example.com', 'operator'), person('adam@example.com', 'admin')];
  const partition = new Partition(
    createFleetDouble({ budgets: [spendBudget(BUDGET, 100)], people }),
  );
  partition.propose({ microUsd: 60 });
  return partition;
}

function ledger(partition: Partition) {
  const [agent] = partition.state.agentById.values();
  return agent?.ledgerById.get(BUDGET);
}

describe('settling', () => {
  it('holds the estimate until the outcome is known', () => {
    expect(ledger(holding())).toMatchObject({ spent: 0, reserved: 60 });
  });

  it.each([
    ['ok', 40, 40],
    ['ok', null, 60],
    ['error', null, 0],
    ['error', 10, 10],
    ['cancelled', null, 0],
    ['unknown', 10, 60],
    ['unknown', 90, 90],
  ] as const)('books %s with %s reported as %s spent', (status, reported, spent) => {
    const partition = holding();
    partition.outcome(status, reported);
    expect(ledger(partition)).toMatchObject({ spent, reserved: 0 });
  });

  it('never books more than the ceiling, and says by how much reality went over', () => {
    const partition = holding();
    expect(lastEvent(partition.outcome('ok', 130))).toMatchObject({
      settled: [{ reserved: 60, spent: 100, overrun: 30 }],
    });
    expect(ledger(partition)).toMatchObject({ spent: 100, reserved: 0 });
  });

  it('takes no negative cost: nobody earns budget', () => {
    expect(holding().outcome('ok', -1)).toMatchObject({ kind: 'dead-letter', reason: 'malformed' });
  });

  it('counts in the new window when a budget changes to a longer one', () => {
    const hour = callsBudget('b', 2, 3_600_000);
    const partition = new Partition(createFleetDouble({ budgets: [hour] }));
    partition.propose();
    const longer = { ...hour, window: { kind: 'lifetime' } } as const;
    partition.fleet = createFleetDouble({ budgets: [longer] });
    const allowed = Array.from({ length: 4 }, (_, index) =>
      partition.propose({ intentId: `n${index}` }),
    ).filter((event) => 'type' in event && event.type === 'IntentAllowed');
    expect(allowed).toHaveLength(2);
  });

  it('settles what ran out in records of a bounded size', () => {
    const budgets = [callsBudget('b', 1_000, 86_400_000)];
    const partition = new Partition(createFleetDouble({ budgets }));
    for (let index = 0; index < 450; index += 1) partition.propose({ intentId: `i${index}` });
    partition.after(15 * 60_000);
    const sizes: number[] = [];
    for (let answer = partition.expire(); answer.kind === 'record'; answer = partition.expire()) {
      sizes.push(answer.events.length);
    }
    expect(sizes).toEqual([200, 200, 50]);
  });

  it('takes one outcome per intent', () => {
    const partition = holding();
    partition.outcome('ok', 40);
    expect(partition.outcome('cancelled')).toEqual({ kind: 'nothing' });
    expect(ledger(partition)).toMatchObject({ spent: 40 });
  });

  it('sends the outcome of an intent that was not allowed to the dead letters', () => {
    expect(new Partition().outcome('ok')).toMatchObject({ kind: 'dead-letter' });
  });

  it('counts as spent what never got an outcome', () => {
    const partition = holding().after(15 * 60_000);
    expect(lastEvent(partition.expire())).toMatchObject({ type: 'HoldExpired' });
    expect(ledger(partition)).toMatchObject({ spent: 60, reserved: 0 });
  });

  it('counts what is held in a window that a fleet has left and another comes back to', () => {
    const hours = createFleetDouble({ budgets: [callsBudget('calls', 2)] });
    const days = createFleetDouble({ budgets: [callsBudget('calls', 2, 86_400_000)] });
    const partition = new Partition(hours);
    expect(partition.propose({ intentId: 'i1' })).toMatchObject({ type: 'IntentAllowed' });
    partition.fleet = days;
    expect(partition.propose({ intentId: 'i2' })).toMatchObject({ type: 'IntentAllowed' });
    partition.fleet = hours;
    expect(partition.propose({ intentId: 'i3' })).toMatchObject({ type: 'IntentAllowed' });
    // What one gives back is not taken from what another holds.
    expect(partition.propose({ intentId: 'i4' })).toMatchObject({ type: 'IntentDenied' });
    partition.outcome('cancelled');
    expect(partition.propose({ intentId: 'i5' })).toMatchObject({ type: 'IntentAllowed' });
    expect(partition.propose({ intentId: 'i6' })).toMatchObject({ type: 'IntentDenied' });
  });

  it('books nothing into a window that has turned', () => {
    const partition = holding().after(86_400_000);
    partition.propose({ intentId: 'i2', microUsd: 5 });
    partition.outcome('ok', 60);
    expect(ledger(partition)).toMatchObject({ spent: 0, reserved: 5 });
  });
});

describe('orders', () => {
  it('lets an admin raise a ceiling, and nobody below', () => {
    const partition = holding();
    const raise = { type: 'RaiseCeiling', budgetId: BUDGET, raiseBy: 50 } as const;
    expect(lastEvent(partition.order(raise, 'otto@example.com'))).toMatchObject({
      type: 'CommandRefused',
      code: 'forbidden',
    });
    expect(lastEvent(partition.order(raise, 'adam@example.com'))).toMatchObject({
      type: 'CeilingSet',
      ceiling: 150,
      previous: 100,
    });
    expect(partition.propose({ intentId: 'i2', microUsd: 90 })).toMatchObject({
      type: 'IntentAllowed',
    });
  });

  it.each([
    ['a negative ceiling', -1],
    ['a fraction', 1.5],
    ['a ceiling beyond exact integers', 2 ** 53],
  ])('refuses %s', (_what, ceiling) => {
    const order = { type: 'SetCeiling', budgetId: BUDGET, ceiling } as const;
    expect(lastEvent(holding().order(order, 'adam@example.com'))).toMatchObject({
      code: 'invalid',
    });
  });

  it('refuses orders about agents, budgets and people that do not exist', () => {
    const partition = holding();
    const codes = [
      partition.order({ type: 'Suspend' }, 'adam@example.com', 'stranger'),
      partition.order(
        { type: 'SetCeiling', budgetId: 'nope' as BudgetId, ceiling: 1 },
        'adam@example.com',
      ),
      partition.order({ type: 'IssueCredential', ...KEY }, 'adam@example.com', 'person:nobody'),
    ].map((answer) => lastEvent(answer));
    expect(codes).toMatchObject([
      { code: 'not-found' },
      { code: 'not-found' },
      { code: 'not-found' },
    ]);
  });

  it('issues a credential once and revokes it once', () => {
    const partition = holding();
    const issue = { type: 'IssueCredential', ...KEY } as const;
    const revoke = { type: 'RevokeCredential', credentialId: KEY.credentialId } as const;
    const outcomes = [issue, issue, revoke, revoke].map((body) =>
      lastEvent(partition.order(body, 'otto@example.com')),
    );
    expect(outcomes).toMatchObject([
      { type: 'CredentialIssued' },
      { code: 'conflict' },
      { type: 'CredentialRevoked' },
      { code: 'not-found' },
    ]);
  });

  it('lets only an admin give credentials to people', () => {
    const partition = holding();
    const issue = { type: 'IssueCredential', ...KEY } as const;
    expect(
      lastEvent(partition.order(issue, 'otto@example.com', 'person:otto@example.com')),
    ).toMatchObject({ code: 'forbidden' });
    expect(
      lastEvent(partition.order(issue, 'adam@example.com', 'person:otto@example.com')),
    ).toMatchObject({ type: 'CredentialIssued' });
  });

  it('remembers the answer to an order', () => {
    const partition = holding();
    partition.order({ type: 'Suspend' }, 'nobody@example.com');
    const [agent] = partition.state.agentById.values();
    expect(agent?.answers).toMatchObject([{ code: 'forbidden' }]);
  });
});
