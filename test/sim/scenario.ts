/** What a seed stands for: how many partitions and processes, which fleets, and the steps. */
import { partitionOfKey } from '@estop/log/partitioner';
import type { PolicyHash } from '@estop/schemas/ids';
import type { BudgetSpec, FleetSpec, RateSpec, ToolSpec } from './fleet-spec.ts';
import { GROUPS } from './fleet-spec.ts';
import { Random } from './random.ts';

const AGENTS_PER_PARTITION = 2;
const FLEETS = 4;
const MINUTE_MS = 60_000;

/** How often a step is of a kind, in parts of their sum. */
const WEIGHTS = {
  turn: 300,
  deliver: 260,
  propose: 130,
  pass: 80,
  outcome: 60,
  vote: 45,
  hear: 35,
  halt: 8,
  lift: 16,
  repeat: 14,
  order: 10,
  redeliver: 8,
  suspend: 6,
  trip: 5,
  rearm: 10,
  recover: 100,
  report: 2,
  rebalance: 4,
  crash: 3,
  snapshot: 10,
  fleet: 4,
  leap: 4,
} as const;
export type StepKind = keyof typeof WEIGHTS | 'truncate';

const KINDS: readonly StepKind[] = (Object.keys(WEIGHTS) as (keyof typeof WEIGHTS)[]).flatMap(
  (kind) => Array.from({ length: WEIGHTS[kind] }, () => kind),
);

/** One step: what happens, and numbers that say to whom and how. */
export interface Step {
  readonly kind: StepKind;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

export interface Scenario {
  readonly seed: number;
  readonly partitions: number;
  readonly processes: number;
  readonly agents: readonly string[];
  readonly fleets: readonly FleetSpec[];
  readonly steps: readonly Step[];
}

export function scenarioOf(seed: number, stepCount: number): Scenario {
  const random = new Random(seed);
  const partitions = 2 + random.below(3);
  const processes = 2 + random.below(2);
  const agents = agentsOf(partitions);
  const kind = random.below(6);
  const hasShared = kind > 1;
  // Where no ceiling is near, breakers have more to say.
  const room = kind === 0 ? 20 : 1;
  const fleets = Array.from({ length: FLEETS }, (_, version) => {
    return fleetSpec(random, { version, agents, hasShared, room });
  });
  const steps = Array.from({ length: stepCount }, () => stepOf(random));
  // A loss of acknowledged records closes a partition, so it comes late and seldom.
  if (random.below(6) === 0) {
    const truncate = { ...stepOf(random), kind: 'truncate' as const };
    steps.splice(Math.floor(stepCount * 0.85), 1, truncate);
  }
  return { seed, partitions, processes, agents, fleets, steps };
}

function stepOf(random: Random): Step {
  const kind = KINDS[random.below(KINDS.length)] ?? 'turn';
  return { kind, a: random.next(), b: random.next(), c: random.next() };
}

/** As many agents in every partition. */
function agentsOf(partitions: number): readonly string[] {
  const found = Array.from({ length: partitions }, (): string[] => []);
  for (let n = 0; found.some(({ length }) => length < AGENTS_PER_PARTITION); n += 1) {
    const of = found[partitionOfKey(`bot-${n}`, partitions)];
    if (of !== undefined && of.length < AGENTS_PER_PARTITION) of.push(`bot-${n}`);
  }
  return found.flat();
}

interface FleetVersion {
  readonly version: number;
  readonly agents: readonly string[];
  readonly hasShared: boolean;
  readonly room: number;
}

type Pick = <Item>(...items: readonly [Item, ...Item[]]) => Item;

function fleetSpec(random: Random, { version, agents, hasShared, room }: FleetVersion): FleetSpec {
  const pick: Pick = (...items) => items[random.below(items.length)] ?? items[0];
  // An agent may leave the fleet and come back.
  const present = agents.slice(0, pick(agents.length, agents.length, agents.length - 1));
  return {
    hash: `sha256:${version.toString(16).repeat(64)}` as PolicyHash,
    agents: present.map((id, index) => ({ id, groups: [GROUPS[index % 2] ?? 'ops'] })),
    owner: 'ann@x.org',
    people: [
      { id: 'ann@x.org', role: 'admin', groups: [] },
      { id: 'ben@x.org', role: 'approver', groups: ['leads'] },
      { id: 'cas@x.org', role: pick('approver', 'viewer'), groups: ['leads'] },
      { id: 'dan@x.org', role: 'operator', groups: [] },
      { id: 'eve@x.org', role: 'viewer', groups: ['leads'] },
    ],
    tools: toolsOf(pick),
    budgets: budgetsOf(pick)
      .filter(({ shared }) => hasShared || !shared)
      .map((budget) => ({ ...budget, ceiling: budget.ceiling * room })),
    rates: ratesOf(pick)
      .filter(({ shared }) => hasShared || !shared)
      .map((rate) => ({ ...rate, limit: rate.limit * room })),
  };
}

function toolsOf(pick: Pick): FleetSpec['tools'] {
  const noTerms = { costMicroUsd: null, approvers: [], quorum: 1, expiresMs: null };
  const plain: ToolSpec = { tier: 'read', rule: 'permit', ...noTerms };
  const leads = { ...plain, rule: 'ask', approvers: ['leads'] } as const;
  return {
    'page.read': plain,
    'row.write': { ...plain, tier: 'write', rule: pick('permit', 'permit', 'ask', 'forbid') },
    'money.send': { ...leads, tier: 'financial', costMicroUsd: 25 },
    'table.drop': {
      ...leads,
      tier: 'destructive',
      quorum: pick(1, 2),
      expiresMs: pick(null, 20_000, 90_000),
    },
    'disk.wipe': { ...plain, tier: 'destructive', rule: pick('forbid', 'none') },
  };
}

function budgetsOf(pick: Pick): readonly BudgetSpec[] {
  const calls = { unit: 'calls', windowMs: 10 * MINUTE_MS, tool: null } as const;
  const money = { unit: 'microUsd', windowMs: 60 * MINUTE_MS, tool: null } as const;
  const tokens = { unit: 'tokens', windowMs: 0, tool: 'row.write' } as const;
  return [
    { ...calls, id: 'own-calls', ceiling: pick(8, 16, 30), shared: false },
    { ...money, id: 'own-money', ceiling: pick(150, 400, 900), shared: false },
    { ...tokens, id: 'own-tokens', ceiling: pick(300, 2_000), shared: false },
    { ...calls, id: 'all-calls', ceiling: pick(15, 40, 80), shared: true },
    { ...money, id: 'all-money', ceiling: pick(300, 1_000, 3_000), shared: true },
  ];
}

function ratesOf(pick: Pick): readonly RateSpec[] {
  return [
    { id: 'own-rate', limit: pick(4, 8, 12), windowMs: MINUTE_MS, shared: false },
    { id: 'all-rate', limit: pick(10, 20, 40), windowMs: pick(1, 2) * MINUTE_MS, shared: true },
  ];
}
