/** Random histories of a partition with several agents and people: everything a state can hold. */
import type { Fleet } from '@estop/policy/domain/fleet';
import type { CommandBody } from '@estop/schemas/messages';
import fc from 'fast-check';
import {
  ALLOW,
  askFirst,
  callsBudget,
  createFleetDouble,
  DENY,
  person,
  rate,
  spendBudget,
} from './fleet-double.ts';
import { digestOf, intentInput, Partition } from './specification.ts';

const DANA = 'dana@example.com';
const ADMIN = 'root@example.com';
const AGENTS = ['billing-bot', 'crm-bot', 'ops-bot'];
const HOUR_MS = 3_600_000;
const WHAT = [
  'propose',
  'ask',
  'refuse',
  'approve',
  'ok',
  'error',
  'expire',
  'suspend',
  'resume',
  'ceiling',
  'credential',
  'revoke',
  'person',
  'halt',
  'lift',
  'look',
  'trip',
  'step-up',
  'rearm',
  'kill',
  'unkill',
  'wait',
  'hours',
] as const;

export interface RandomStep {
  readonly what: (typeof WHAT)[number];
  readonly agent: number;
  readonly id: number;
  readonly amount: number;
}

export const randomHistories = fc.array(
  fc.record<RandomStep>({
    what: fc.constantFrom(...WHAT),
    agent: fc.integer({ min: 0, max: AGENTS.length - 1 }),
    id: fc.integer({ min: 0, max: 30 }),
    amount: fc.integer({ min: 0, max: 60 }),
  }),
  { minLength: 1, maxLength: 80 },
);

/** Runs a history to its end. */
export function partitionAfter(history: readonly RandomStep[]): Partition {
  const partition = randomPartition();
  for (const step of history) takeStep(partition, step);
  return partition;
}

/** One in which nothing has happened. */
export function randomPartition(): Partition {
  return new Partition(randomFleet());
}

function randomFleet(): Fleet {
  const fleet = createFleetDouble({
    agents: AGENTS,
    budgets: [spendBudget('spend', 500), callsBudget('calls', 40)],
    tiers: { look: 'read', propose: 'write', ask: 'write', refuse: 'write' },
    rates: [rate('minute', 5, 60_000), rate('hour', 20, HOUR_MS)],
    people: [person(DANA, 'approver'), person(ADMIN, 'admin')],
    rule: (request, granted) => {
      if (request.tool.name === 'ask') return askFirst(request, granted);
      return request.tool.name === 'refuse' ? DENY : ALLOW;
    },
  });
  const toolOf: Fleet['toolOf'] = (name) => {
    return { ...fleet.toolOf(name), targetsOf: (args) => Object.keys(args) };
  };
  return { ...fleet, toolOf };
}

export function takeStep(partition: Partition, step: RandomStep): void {
  const { what, id, amount } = step;
  const agentId = AGENTS[step.agent] ?? '';
  const intentId = `i${id}`;
  switch (what) {
    case 'look':
    case 'propose':
    case 'ask':
    case 'refuse': {
      const sessionId = id % 2 === 0 ? null : `s${id % 5}`;
      const fields = { agentId, intentId, sessionId, tool: what, microUsd: amount };
      partition.when(intentInput({ ...fields, arguments: `{"t${amount}":1}` }));
      break;
    }
    case 'ok':
    case 'error':
      partition.outcome(what, amount, { agentId, intentId });
      break;
    case 'expire':
      partition.when({ type: 'expiry', agentId: agentId as never });
      break;
    case 'halt':
    case 'lift':
      partition.halt({ tool: `t${id}` as never }, { lifted: what === 'lift', epoch: amount + 1 });
      break;
    case 'kill':
    case 'unkill': {
      const isFleet = id % 4 === 0;
      const scope = isFleet ? { fleet: true } : { agent: agentId as never };
      // Of one epoch, so that a lift finds its halt.
      partition.halt(scope, { mode: 'kill', lifted: what === 'unkill', epoch: 1 + (amount % 6) });
      break;
    }
    case 'trip':
    case 'step-up': {
      const until = id % 5 === 0 ? null : partition.atMs + amount * 1_000;
      partition.trip({ mode: what === 'trip' ? 'open' : what, until }, agentId);
      break;
    }
    case 'rearm':
      partition.rearm(ADMIN, 'because', agentId);
      break;
    case 'wait':
      partition.after(amount * 20_000);
      break;
    case 'hours':
      partition.after(amount * HOUR_MS);
      break;
    default:
      order(partition, step, agentId);
  }
}

function order(partition: Partition, { what, id, amount }: RandomStep, agentId: string): void {
  const credentialId = `k${id % 4}` as never;
  const issue: CommandBody = {
    type: 'IssueCredential',
    credentialId,
    kind: 'api-key',
    secretHash: 'ab'.repeat(32),
    publicKey: null,
  };
  switch (what) {
    case 'approve': {
      const pending = [...(partition.state.agentById.get(agentId as never)?.pendingById ?? [])];
      const [intentId, waiting] = pending[id % Math.max(1, pending.length)] ?? [];
      const digest = waiting?.decision.digest ?? digestOf();
      partition.order({ type: 'Approve', intentId: intentId as never, digest }, DANA, agentId);
      break;
    }
    case 'suspend':
      partition.order({ type: 'Suspend' }, ADMIN, agentId);
      break;
    case 'resume':
      partition.order({ type: 'Resume' }, ADMIN, agentId);
      break;
    case 'ceiling': {
      const budgetId = (id % 2 === 0 ? 'spend' : 'calls') as never;
      partition.order({ type: 'SetCeiling', budgetId, ceiling: amount * 10 }, ADMIN, agentId);
      break;
    }
    case 'credential':
      partition.order(issue, ADMIN, agentId);
      break;
    case 'revoke':
      partition.order({ type: 'RevokeCredential', credentialId }, ADMIN, agentId);
      break;
    default:
      partition.order(issue, ADMIN, `person:${DANA}`);
  }
}
