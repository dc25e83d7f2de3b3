import type { BudgetId, CommandId, SubjectId } from '@estop/schemas/ids';
import { describe, expect, it } from 'vitest';
import type { FleetOptions } from './fleet-double.ts';
import { ALLOW, askFirst, callsBudget, createFleetDouble, person, rate } from './fleet-double.ts';
import { digestOf, lastEvent, Partition } from './specification.ts';

const PEOPLE = [
  person('dana@example.com', 'approver', 'leads'),
  person('erin@example.com', 'approver', 'leads'),
  person('finn@example.com', 'approver', 'others'),
  person('vera@example.com', 'viewer', 'leads'),
  person('adam@example.com', 'admin'),
];

/** A partition in which intent i1 waits for approval. */
function waiting(options: FleetOptions = {}): Partition {
  const partition = new Partition(
    createFleetDouble({ rule: askFirst, people: PEOPLE, ...options }),
  );
  partition.propose();
  return partition;
}

/** Two rules stand in the way, each of which asks another group. */
const twoGates: FleetOptions = {
  rule: (_request, granted) =>
    granted ? ALLOW : { decision: 'deny', determining: ['money', 'data'], errors: [] },
  annotations: { money: { approvers: ['leads'] }, data: { approvers: ['others'] } },
};
const quorumOfTwo: FleetOptions = { annotations: { gate: { quorum: 2, approvers: ['leads'] } } };

describe('approving', () => {
  it('allows the intent with the yes of one approver', () => {
    expect(waiting().approve('dana@example.com')).toMatchObject({
      events: [
        { type: 'CommandAccepted', by: 'dana@example.com' },
        { type: 'ApprovalVoted', person: 'dana@example.com', vote: 'approve' },
        { type: 'IntentAllowed', reason: 'approved' },
      ],
    });
  });

  it('waits for the second of two people', () => {
    const partition = waiting(quorumOfTwo);
    expect(lastEvent(partition.approve('dana@example.com'))).toMatchObject({
      type: 'ApprovalVoted',
    });
    expect(lastEvent(partition.approve('erin@example.com'))).toMatchObject({
      type: 'IntentAllowed',
    });
  });

  it('counts each person once', () => {
    const partition = waiting(quorumOfTwo);
    partition.approve('dana@example.com');
    expect(lastEvent(partition.approve('dana@example.com'))).toMatchObject({
      type: 'CommandRefused',
      code: 'conflict',
    });
  });

  it.each([
    ['a viewer', 'vera@example.com'],
    ['a stranger', 'nobody@example.com'],
    ['an approver of another group', 'finn@example.com'],
  ])('refuses the vote of %s', (_who, by) => {
    const annotations = { gate: { approvers: ['leads'] } };
    expect(lastEvent(waiting({ annotations }).approve(by))).toMatchObject({
      type: 'CommandRefused',
      code: 'forbidden',
    });
  });

  it.each(['adam@example.com', 'operator@local'])(
    'lets the admin %s stand in for a group',
    (by) => {
      const annotations = { gate: { approvers: ['leads'] } };
      expect(lastEvent(waiting({ annotations }).approve(by))).toMatchObject({
        type: 'IntentAllowed',
      });
    },
  );

  it('refuses a yes to another digest, and the intent goes on waiting', () => {
    const partition = waiting();
    const other = digestOf({ arguments: '{"amount":2}' });
    expect(lastEvent(partition.approve('dana@example.com', 'i1', other))).toMatchObject({
      type: 'CommandRefused',
      code: 'conflict',
    });
    expect(lastEvent(partition.approve('dana@example.com'))).toMatchObject({
      type: 'IntentAllowed',
    });
  });

  it('refuses the yes of whoever proposed the intent', () => {
    const partition = new Partition(createFleetDouble({ rule: askFirst, people: PEOPLE }));
    partition.propose({ proposedBy: 'dana@example.com' });
    expect(lastEvent(partition.approve('dana@example.com'))).toMatchObject({ code: 'forbidden' });
    expect(lastEvent(partition.approve('erin@example.com'))).toMatchObject({
      type: 'IntentAllowed',
    });
  });

  it("does not count the agent's owner towards a quorum above one", () => {
    const owner = 'dana@example.com';
    expect(lastEvent(waiting({ ...quorumOfTwo, owner }).approve(owner))).toMatchObject({
      code: 'forbidden',
    });
    expect(lastEvent(waiting({ owner }).approve(owner))).toMatchObject({ type: 'IntentAllowed' });
  });

  it('asks each group that a rule names, and one yes answers for one group', () => {
    const partition = waiting(twoGates);
    expect(lastEvent(partition.approve('dana@example.com'))).toMatchObject({
      type: 'ApprovalVoted',
    });
    expect(lastEvent(partition.approve('erin@example.com'))).toMatchObject({
      type: 'ApprovalVoted',
    });
    expect(lastEvent(partition.approve('finn@example.com'))).toMatchObject({
      type: 'IntentAllowed',
      reason: 'approved',
    });
  });

  it('says whom it asks when it asks several groups', () => {
    const partition = new Partition(createFleetDouble({ people: PEOPLE, ...twoGates }));
    expect(partition.propose()).toMatchObject({
      message: 'a person must approve: money, data (1 of leads and 1 of others)',
      approvers: ['leads', 'others'],
    });
  });

  it('takes the yes of a member of both groups for both', () => {
    const both = person('gil@example.com', 'approver', 'leads', 'others');
    const partition = waiting({ ...twoGates, people: [both] });
    expect(lastEvent(partition.approve(both.id))).toMatchObject({ type: 'IntentAllowed' });
  });

  it('counts no vote of a person who lost the role since', () => {
    const partition = waiting(quorumOfTwo);
    partition.approve('dana@example.com');
    const left = PEOPLE.map((one) =>
      one.id === 'dana@example.com' ? person(one.id, 'viewer', 'leads') : one,
    );
    partition.fleet = createFleetDouble({ rule: askFirst, ...quorumOfTwo, people: left });
    expect(lastEvent(partition.approve('erin@example.com'))).toMatchObject({
      type: 'ApprovalVoted',
    });
    expect(lastEvent(partition.approve('adam@example.com'))).toMatchObject({
      type: 'IntentAllowed',
    });
  });

  it('asks for what the rules in force ask, when they have become stricter', () => {
    const partition = waiting();
    partition.fleet = createFleetDouble({ rule: askFirst, people: PEOPLE, ...quorumOfTwo });
    expect(lastEvent(partition.approve('dana@example.com'))).toMatchObject({
      type: 'ApprovalVoted',
    });
    expect(lastEvent(partition.approve('erin@example.com'))).toMatchObject({
      type: 'IntentAllowed',
    });
  });

  it('asks for what was asked, when the rules have become laxer', () => {
    const partition = waiting(quorumOfTwo);
    partition.fleet = createFleetDouble({ rule: askFirst, people: PEOPLE });
    expect(lastEvent(partition.approve('dana@example.com'))).toMatchObject({
      type: 'ApprovalVoted',
    });
  });

  it('counts no vote of the owner when more than one has come to be asked', () => {
    const owner = 'dana@example.com';
    const both = person('gil@example.com', 'approver', 'leads', 'others');
    const people = [...PEOPLE, both];
    const partition = waiting({ ...twoGates, owner, people });
    partition.approve(owner);
    const annotations = { ...twoGates.annotations, money: { approvers: ['leads'], quorum: 2 } };
    partition.fleet = createFleetDouble({ ...twoGates, annotations, owner, people });
    expect(lastEvent(partition.approve(both.id))).toMatchObject({ type: 'ApprovalVoted' });
    expect(lastEvent(partition.approve('erin@example.com'))).toMatchObject({
      type: 'IntentAllowed',
    });
  });

  it('tells an unknown intent from a decided one', () => {
    const partition = waiting();
    expect(lastEvent(partition.approve('dana@example.com', 'i9'))).toMatchObject({
      code: 'not-found',
    });
    partition.approve('dana@example.com');
    expect(lastEvent(partition.approve('erin@example.com'))).toMatchObject({ code: 'conflict' });
  });

  it('takes the same command once', () => {
    const partition = waiting(quorumOfTwo);
    const command = {
      commandId: 'same' as CommandId,
      subject: 'billing-bot' as SubjectId,
      by: 'dana@example.com',
      reason: null,
      body: { type: 'Suspend' },
    } as const;
    expect(partition.when({ type: 'command', command })).toMatchObject({ kind: 'record' });
    expect(partition.when({ type: 'command', command })).toEqual({ kind: 'nothing' });
  });
});

describe('rejecting', () => {
  it('denies the intent with one no and gives back what it held', () => {
    const partition = waiting({ budgets: [callsBudget('b', 1)] });
    expect(lastEvent(partition.reject('dana@example.com'))).toMatchObject({
      type: 'IntentDenied',
      reason: 'approval-rejected',
    });
    expect(partition.propose({ intentId: 'i2' })).toMatchObject({ type: 'ApprovalRequested' });
  });
});

describe('expiry', () => {
  it('denies by tick what nobody approved in time, and gives back what it held', () => {
    const partition = waiting({ budgets: [callsBudget('b', 1)] });
    expect(partition.after(15 * 60_000 - 1).expire()).toEqual({ kind: 'nothing' });
    expect(lastEvent(partition.after(1).expire())).toMatchObject({ reason: 'approval-expired' });
    expect(partition.propose({ intentId: 'i2' })).toMatchObject({ type: 'ApprovalRequested' });
  });

  it('never turns a late yes into an allow, also before the tick', () => {
    const partition = waiting().after(15 * 60_000);
    expect(partition.approve('dana@example.com')).toMatchObject({
      events: [
        { type: 'CommandRefused', code: 'conflict' },
        { type: 'IntentDenied', reason: 'approval-expired' },
      ],
    });
    expect(partition.expire()).toEqual({ kind: 'nothing' });
  });
});

describe('everything is checked again when the approval arrives', () => {
  it('a halt', () => {
    const partition = waiting();
    partition.halt({ fleet: true });
    expect(lastEvent(partition.approve('dana@example.com'))).toMatchObject({ reason: 'halted' });
  });

  it('a suspension', () => {
    const partition = waiting();
    partition.order({ type: 'Suspend' }, 'operator@local');
    expect(lastEvent(partition.approve('dana@example.com'))).toMatchObject({
      reason: 'agent-suspended',
    });
  });

  it('rules that changed meanwhile', () => {
    const partition = waiting();
    const rule = () => ({ decision: 'deny', determining: ['never'], errors: [] }) as const;
    partition.fleet = createFleetDouble({ people: PEOPLE, rule });
    expect(lastEvent(partition.approve('dana@example.com'))).toMatchObject({ reason: 'forbidden' });
  });

  it('a rate that filled up meanwhile', () => {
    let isAsking = true;
    const rule: FleetOptions['rule'] = (request, granted) =>
      askFirst(request, granted || !isAsking);
    const partition = waiting({ rule, rates: [rate('r', 1, 3_600_000)] });
    isAsking = false;
    expect(partition.propose({ intentId: 'i2' })).toMatchObject({ type: 'IntentAllowed' });
    expect(lastEvent(partition.approve('dana@example.com'))).toMatchObject({
      reason: 'rate-limited',
    });
  });

  it('a ceiling that was lowered under what is held', () => {
    const partition = waiting({ budgets: [callsBudget('b', 5)] });
    partition.order(
      { type: 'SetCeiling', budgetId: 'b' as BudgetId, ceiling: 0 },
      'adam@example.com',
    );
    expect(lastEvent(partition.approve('dana@example.com'))).toMatchObject({
      reason: 'budget-exhausted',
    });
  });

  it('a budget whose window turned: the amount is held anew', () => {
    const partition = waiting({ budgets: [callsBudget('b', 1, 600_000)] });
    partition.after(600_000);
    expect(lastEvent(partition.approve('dana@example.com'))).toMatchObject({
      type: 'IntentAllowed',
      held: [{ windowStart: partition.atMs - (partition.atMs % 600_000), amount: 1 }],
    });
    expect(partition.propose({ intentId: 'i2' })).toMatchObject({ reason: 'budget-exhausted' });
  });
});
