import type { AgentId, GroupName, ToolName } from '@estop/schemas/ids';
import { describe, expect, it } from 'vitest';
import {
  ALLOW,
  askFirst,
  callsBudget,
  createFleetDouble,
  DENY,
  rate,
  spendBudget,
} from './fleet-double.ts';
import { haltOf, intentInput, Partition } from './specification.ts';

const SOMETHING_WRONG = [{ pointer: '/amount', detail: 'must be integer' }];

describe('deciding an intent', () => {
  it('allows what a rule permits and names the rule', () => {
    expect(new Partition().propose()).toMatchObject({
      type: 'IntentAllowed',
      reason: 'permitted',
      rules: ['permit-all'],
    });
  });

  it('puts the question before its answer in one record', () => {
    const answer = new Partition().when(intentInput());
    expect(answer).toMatchObject({
      kind: 'record',
      subject: 'billing-bot',
      events: [{ type: 'IntentProposed', tier: 'destructive' }, { type: 'IntentAllowed' }],
    });
  });

  it('gives the same decision again for the same intent id, and records nothing', () => {
    const partition = new Partition();
    partition.propose();
    const before = partition.records.length;
    expect(partition.when(intentInput())).toMatchObject({
      kind: 'again',
      decision: { decision: 'allow', intentId: 'i1' },
    });
    expect(partition.records).toHaveLength(before);
  });

  it('gives the pending decision again while people are asked', () => {
    const partition = new Partition(createFleetDouble({ rule: askFirst }));
    partition.propose();
    expect(partition.when(intentInput())).toMatchObject({
      kind: 'again',
      decision: { decision: 'needs-approval' },
    });
  });

  it('sends an intent without valid ids to the dead letters', () => {
    expect(new Partition().when(intentInput({ intentId: 'a b' }))).toMatchObject({
      kind: 'dead-letter',
      reason: 'malformed',
    });
  });

  it.each([
    ['arguments that are no object', { arguments: '[1]' }],
    ['arguments that are no JSON', { arguments: '{' }],
    ['an empty tool name', { tool: '' }],
    ['a negative estimate', { microUsd: -1 }],
    ['a provenance nobody knows', { provenance: { '/to': 'oracle' } }],
    ['a pointer of many levels', { provenance: { ['/'.repeat(40)]: 'tool' } }],
    ['a very long pointer', { provenance: { [`/${'x'.repeat(600)}`]: 'tool' } }],
  ])('denies %s as invalid-intent', (_what, fields) => {
    expect(new Partition().propose(fields)).toMatchObject({
      type: 'IntentDenied',
      reason: 'invalid-intent',
    });
  });

  it.each([
    ['{"to":"\\ud800"}', 'invalid-arguments'],
    ['{"\\uDC00":1}', 'invalid-arguments'],
    ['{"to":"\\\\\\ud800"}', 'invalid-arguments'],
    ['{"to":"\\ud83d\\ude00"}', null],
    ['{"to":"\\\\ud800 as text"}', null],
  ])('takes no half of a surrogate pair, which the log could not keep: %s', (text, reason) => {
    const expected = reason === null ? { type: 'IntentAllowed' } : { type: 'IntentDenied', reason };
    expect(new Partition().propose({ arguments: text })).toMatchObject(expected);
  });

  it.each(['__entity', '__extn'])('denies arguments with the reserved name %s', (name) => {
    expect(new Partition().propose({ arguments: `{"to":{"${name}":1}}` })).toMatchObject({
      reason: 'invalid-arguments',
    });
  });

  it.each([
    ['fleet', { fleet: true }],
    ['group', { group: 'finance' as GroupName }],
    ['agent', { agent: 'billing-bot' as AgentId }],
    ['tool', { tool: 'crm.update' as ToolName }],
    ['agent and tool', { agent: 'billing-bot' as AgentId, tool: 'crm.update' as ToolName }],
  ])('denies under a halt of the %s', (_what, scope) => {
    const partition = new Partition();
    partition.halt(scope);
    expect(partition.propose()).toMatchObject({ reason: 'halted' });
  });

  it.each([
    ['another group', { group: 'sales' as GroupName }],
    ['another agent', { agent: 'other' as AgentId }],
    ['another tool', { tool: 'crm.read' as ToolName }],
    ['its agent with another tool', { agent: 'billing-bot' as AgentId, tool: 'x' as ToolName }],
  ])('is not touched by a halt of %s', (_what, scope) => {
    const partition = new Partition();
    partition.halt(scope);
    expect(partition.propose()).toMatchObject({ type: 'IntentAllowed' });
  });

  it('allows again when the halt is lifted', () => {
    const partition = new Partition();
    partition.halt({ fleet: true });
    partition.halt({ fleet: true }, { lifted: true });
    expect(partition.propose()).toMatchObject({ type: 'IntentAllowed' });
  });

  it('ignores a halt of an older epoch', () => {
    const partition = new Partition();
    partition.halt({ fleet: true }, { epoch: 5, lifted: true });
    expect(partition.halt({ fleet: true }, { epoch: 4 })).toEqual({ kind: 'nothing' });
    expect(partition.propose()).toMatchObject({ type: 'IntentAllowed' });
  });

  it('lets a halt end at its time', () => {
    const partition = new Partition();
    partition.halt({ fleet: true }, { until: partition.atMs + 1_000 });
    expect(partition.propose()).toMatchObject({ reason: 'halted' });
    expect(partition.after(1_000).propose({ intentId: 'i2' })).toMatchObject({
      type: 'IntentAllowed',
    });
  });

  it('denies an agent that the fleet does not know', () => {
    expect(new Partition().propose({ agentId: 'stranger' })).toMatchObject({
      reason: 'agent-unknown',
    });
  });

  it('denies a suspended agent until it is resumed', () => {
    const partition = new Partition();
    partition.order({ type: 'Suspend' }, 'operator@local');
    expect(partition.propose()).toMatchObject({ reason: 'agent-suspended' });
    partition.order({ type: 'Resume' }, 'operator@local');
    expect(partition.propose({ intentId: 'i2' })).toMatchObject({ type: 'IntentAllowed' });
  });

  it('denies what no rule permits', () => {
    const fleet = createFleetDouble({ rule: () => DENY });
    expect(new Partition(fleet).propose()).toMatchObject({ reason: 'not-permitted' });
  });

  it('denies what a rule forbids, with the reason the rule gives', () => {
    const fleet = createFleetDouble({
      rule: () => ({ decision: 'deny', determining: ['never'], errors: [] }),
      annotations: { never: { reason: 'not on my watch' } },
    });
    expect(new Partition(fleet).propose()).toMatchObject({
      reason: 'forbidden',
      rules: ['never'],
      message: 'not on my watch',
    });
  });

  it('denies when any rule cannot be evaluated, even beside one that permits', () => {
    const errors = [{ ruleId: 'broken', message: 'overflow' }];
    const fleet = createFleetDouble({ rule: () => ({ ...ALLOW, errors }) });
    expect(new Partition(fleet).propose()).toMatchObject({
      reason: 'policy-error',
      rules: ['broken'],
    });
  });

  it('blames the arguments when a rule failed on arguments that break their schema', () => {
    const errors = [{ ruleId: 'broken', message: 'no such attribute' }];
    const fleet = createFleetDouble({
      rule: () => ({ ...ALLOW, errors }),
      checkArguments: () => SOMETHING_WRONG,
    });
    expect(new Partition(fleet).propose()).toMatchObject({ reason: 'invalid-arguments' });
  });

  it('denies arguments that break their schema from the write tier up', () => {
    const checkArguments = () => SOMETHING_WRONG;
    const tiers = { 'crm.read': 'read', 'crm.update': 'write' } as const;
    const fleet = createFleetDouble({ checkArguments, tiers });
    const partition = new Partition(fleet);
    expect(partition.propose()).toMatchObject({
      reason: 'invalid-arguments',
      message: '/amount must be integer',
    });
    expect(partition.propose({ intentId: 'i2', tool: 'crm.read' })).toMatchObject({
      type: 'IntentAllowed',
    });
  });

  it('denies when a sliding window is full, and says when it frees', () => {
    const partition = new Partition(createFleetDouble({ rates: [rate('r', 2, 60_000)] }));
    partition.propose();
    partition.propose({ intentId: 'i2' });
    const denied = partition.propose({ intentId: 'i3' });
    expect(denied).toMatchObject({ reason: 'rate-limited' });
    const { retryAfterMs } = denied as { retryAfterMs: number };
    expect(partition.after(retryAfterMs - 1).propose({ intentId: 'i4' })).toMatchObject({
      reason: 'rate-limited',
    });
    expect(partition.after(1).propose({ intentId: 'i5' })).toMatchObject({ type: 'IntentAllowed' });
  });

  it('denies when a budget has too little left, until its window turns', () => {
    const partition = new Partition(createFleetDouble({ budgets: [callsBudget('b', 1)] }));
    partition.propose();
    const denied = partition.propose({ intentId: 'i2' });
    expect(denied).toMatchObject({ reason: 'budget-exhausted' });
    const { retryAfterMs } = denied as { retryAfterMs: number };
    expect(partition.after(retryAfterMs).propose({ intentId: 'i3' })).toMatchObject({
      type: 'IntentAllowed',
    });
  });

  it('takes the dearer of the catalogue price and the estimate', () => {
    const options = { budgets: [spendBudget('b', 100)], costMicroUsd: () => 60 };
    const partition = new Partition(createFleetDouble(options));
    expect(partition.propose({ microUsd: 10 })).toMatchObject({ held: [{ amount: 60 }] });
    expect(partition.propose({ intentId: 'i2', microUsd: 10 })).toMatchObject({
      reason: 'budget-exhausted',
    });
  });

  it('denies when the argument that says the cost is no amount', () => {
    const fleet = createFleetDouble({ costMicroUsd: () => 'invalid' });
    expect(new Partition(fleet).propose()).toMatchObject({ reason: 'invalid-arguments' });
  });

  it('lets a call of unknown cost pass only while something is left', () => {
    const partition = new Partition(createFleetDouble({ budgets: [spendBudget('b', 10)] }));
    expect(partition.propose({ microUsd: 10 })).toMatchObject({ type: 'IntentAllowed' });
    expect(partition.propose({ intentId: 'i2' })).toMatchObject({ reason: 'budget-exhausted' });
  });

  it('asks a person when the rules allow only with approval, and holds the amount', () => {
    const fleet = createFleetDouble({
      rule: askFirst,
      annotations: { gate: { quorum: 2, approvers: ['leads'], expiresMs: 60_000, reason: 'big' } },
      budgets: [callsBudget('b', 1)],
    });
    const partition = new Partition(fleet);
    expect(partition.propose()).toMatchObject({
      type: 'ApprovalRequested',
      reason: 'approval-required',
      quorum: 2,
      approvers: ['leads'],
      message: 'big',
      expiresAt: partition.atMs + 60_000,
      held: [{ amount: 1 }],
    });
    expect(partition.propose({ intentId: 'i2' })).toMatchObject({ reason: 'budget-exhausted' });
  });

  it('asks for the quorum of the grant behind a gate too', () => {
    const fleet = createFleetDouble({
      rule: (_request, granted) =>
        granted
          ? { decision: 'allow', determining: ['grant'], errors: [] }
          : { decision: 'deny', determining: ['gate'], errors: [] },
      annotations: { grant: { quorum: 2, approvers: ['leads'] } },
    });
    expect(new Partition(fleet).propose()).toMatchObject({ quorum: 2, approvers: ['leads'] });
  });

  it('gives a financial intent five minutes and others fifteen', () => {
    const tiers = { pay: 'financial', del: 'destructive' } as const;
    const partition = new Partition(createFleetDouble({ rule: askFirst, tiers }));
    expect(partition.propose({ tool: 'pay' })).toMatchObject({
      expiresAt: partition.atMs + 5 * 60_000,
    });
    expect(partition.propose({ intentId: 'i2', tool: 'del' })).toMatchObject({
      expiresAt: partition.atMs + 15 * 60_000,
    });
  });

  it('uses up no limit with denied intents', () => {
    let decision = DENY;
    const options = {
      rule: () => decision,
      budgets: [callsBudget('b', 1)],
      rates: [rate('r', 1, 1_000)],
    };
    const partition = new Partition(createFleetDouble(options));
    partition.propose();
    decision = ALLOW;
    expect(partition.propose({ intentId: 'i2' })).toMatchObject({ type: 'IntentAllowed' });
  });
});

/** Each check stands behind the ones before it: with all of them failing, the first one speaks. */
describe('the order of the checks', () => {
  const broken = [{ ruleId: 'broken', message: 'x' }];
  const failing = {
    rule: () => DENY,
    checkArguments: () => SOMETHING_WRONG,
    rates: [rate('r', 0, 60_000)],
    budgets: [callsBudget('b', 0)],
  };

  it('is halt, agent, rules, arguments, rates, budgets, approval, allow', () => {
    const partition = new Partition(createFleetDouble({ ...failing, agents: [] }));
    const reasons: unknown[] = [];
    const next = (change: () => void) => {
      change();
      const event = partition.propose({ intentId: `i${reasons.length}` });
      reasons.push('reason' in event ? event.reason : event);
    };
    next(() => partition.halt({ fleet: true }));
    next(() => partition.halt({ fleet: true }, { lifted: true }));
    next(() => {
      partition.fleet = createFleetDouble(failing);
      partition.order({ type: 'Suspend' }, 'operator@local');
    });
    next(() => partition.order({ type: 'Resume' }, 'operator@local'));
    next(
      () =>
        (partition.fleet = createFleetDouble({
          ...failing,
          rule: () => ({ ...ALLOW, errors: broken }),
        })),
    );
    next(() => (partition.fleet = createFleetDouble({ ...failing, rule: askFirst })));
    next(
      () =>
        (partition.fleet = createFleetDouble({
          ...failing,
          rule: askFirst,
          checkArguments: () => [],
        })),
    );
    next(() => (partition.fleet = createFleetDouble({ rule: askFirst, budgets: failing.budgets })));
    next(() => (partition.fleet = createFleetDouble({ rule: askFirst })));
    next(() => (partition.fleet = createFleetDouble()));
    expect(reasons).toEqual([
      'halted',
      'agent-unknown',
      'agent-suspended',
      'not-permitted',
      'invalid-arguments',
      'invalid-arguments',
      'rate-limited',
      'budget-exhausted',
      'approval-required',
      'permitted',
    ]);
  });

  it('answers an intent seen before even under a halt', () => {
    const partition = new Partition();
    partition.propose();
    partition.when({ type: 'halt', halt: haltOf({ fleet: true }) });
    expect(partition.when(intentInput())).toMatchObject({ decision: { decision: 'allow' } });
  });
});
