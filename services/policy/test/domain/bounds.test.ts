import { DECIDED_AGE_MS, DECIDED_MAX, HOLDS_MAX, HOLDS_SPENT } from '@estop/policy/domain/limits';
import { serializeState } from '@estop/policy/domain/serialize';
import type { AgentId, BudgetId } from '@estop/schemas/ids';
import { beforeEach, describe, expect, it } from 'vitest';
import { callsBudget, createFleetDouble } from './fleet-double.ts';
import { intentInput, Partition } from './specification.ts';

const AGENT = 'billing-bot' as AgentId;
const HOUR_MS = 3_600_000;

let partition: Partition;

beforeEach(() => {
  partition = new Partition();
});

function propose(intentId: string, tool = 'crm.update') {
  return partition.when(intentInput({ intentId, tool }));
}

function decided() {
  return partition.state.agentById.get(AGENT)?.decidedById ?? new Map();
}

describe('what is remembered of an agent', () => {
  it('is a bounded number of decided intents, the newest ones', () => {
    for (let index = 0; index < DECIDED_MAX + 10; index += 1) propose(`i${index}`);
    expect(decided().size).toBeLessThanOrEqual(DECIDED_MAX);
    expect(decided().size).toBeGreaterThan(0.9 * DECIDED_MAX);
    expect(propose(`i${DECIDED_MAX}`).kind).toBe('again');
    expect(propose('i0').kind).toBe('record');
  });

  it('is forgotten after its time, while the agent is at work', () => {
    propose('old');
    partition.after(DECIDED_AGE_MS + HOUR_MS);
    expect(propose('old').kind).toBe('again');
    propose('new');
    expect([...decided().keys()]).toEqual(['new']);
    expect(propose('old').kind).toBe('record');
  });

  it('is the decision as it was made, the same live and rebuilt', () => {
    const first = propose('i1');
    propose('i2');
    propose('unknown', 'no.such.tool');
    const again = propose('i1');
    expect(again.kind === 'again' && again.decision).toMatchObject({
      intentId: 'i1',
      agentId: AGENT,
      tool: 'crm.update',
      decision: 'allow',
      record: { partition: 0, offset: 1 },
    });
    expect(first.kind).toBe('record');
    expect(serializeState(partition.rebuilt())).toBe(serializeState(partition.state));
  });

  it('keeps decisions apart that differ in their message alone', () => {
    const messages = new Set<string>();
    for (let index = 0; index < 40; index += 1) propose(`i${index}`, `no.such.tool${index % 3}`);
    for (let index = 0; index < 40; index += 1) {
      const again = propose(`i${index}`, `no.such.tool${index % 3}`);
      if (again.kind === 'again') messages.add(`${again.decision.tool}: ${again.decision.message}`);
    }
    expect(messages.size).toBe(3);
  });

  it('is a bounded number of held amounts: the oldest count as spent, and none twice', () => {
    const ceiling = HOLDS_MAX * 2;
    partition = new Partition(createFleetDouble({ budgets: [callsBudget('calls', ceiling)] }));
    for (let index = 0; index < ceiling; index += 1) propose(`i${index}`);
    const agent = partition.state.agentById.get(AGENT);
    expect(agent?.holdById.size).toBeLessThanOrEqual(HOLDS_MAX);
    expect(agent?.holdById.size).toBeGreaterThanOrEqual(HOLDS_MAX - HOLDS_SPENT);
    const ledger = agent?.ledgerById.get('calls' as BudgetId);
    expect(ledger?.reserved).toBe(agent?.holdById.size);
    expect((ledger?.spent ?? 0) + (ledger?.reserved ?? 0)).toBe(ceiling);
    expect(partition.propose({ intentId: 'one-too-many' })).toMatchObject({
      type: 'IntentDenied',
      reason: 'budget-exhausted',
    });
  });
});
