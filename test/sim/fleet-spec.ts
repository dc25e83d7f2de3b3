/**
 * Fleets of the simulation, as data: the model reads the data, the decider gets a `Fleet` made of
 * it. All versions know the same limits; ceilings, windows of the shared rate, rules, agents and
 * people differ.
 */

import { DEFAULT_TERMS } from '@estop/policy/domain/breaker/terms';
import type {
  ApplicableLimits,
  Fleet,
  FleetAgent,
  FleetBudget,
  FleetPerson,
  FleetRate,
  FleetTool,
  RuleAnnotations,
  RuleAnswer,
} from '@estop/policy/domain/fleet';
import {
  type AgentId,
  type BudgetId,
  type GroupName,
  limitIdOf,
  type PersonId,
  type PolicyHash,
  type RateId,
  type ToolName,
} from '@estop/schemas/ids';
import type { Tier } from '@estop/schemas/messages';

/** permit: anybody. ask: with an approval. forbid: never, by a rule. none: no rule speaks of it. */
export type RuleKind = 'permit' | 'ask' | 'forbid' | 'none';

export interface ToolSpec {
  readonly tier: Tier;
  readonly rule: RuleKind;
  readonly costMicroUsd: number | null;
  readonly approvers: readonly string[];
  readonly quorum: number;
  readonly expiresMs: number | null;
}

export interface BudgetSpec {
  readonly id: string;
  readonly unit: 'calls' | 'tokens' | 'microUsd';
  readonly ceiling: number;
  /** 0: the whole life. */
  readonly windowMs: number;
  readonly shared: boolean;
  /** Only calls of this tool; null: all. */
  readonly tool: string | null;
}

export interface RateSpec {
  readonly id: string;
  readonly limit: number;
  readonly windowMs: number;
  readonly shared: boolean;
}

export interface PersonSpec {
  readonly id: string;
  readonly role: 'viewer' | 'approver' | 'operator' | 'admin';
  readonly groups: readonly string[];
}

export interface FleetSpec {
  readonly hash: PolicyHash;
  readonly agents: readonly { readonly id: string; readonly groups: readonly string[] }[];
  readonly owner: string;
  readonly people: readonly PersonSpec[];
  readonly tools: Readonly<Record<string, ToolSpec>>;
  readonly budgets: readonly BudgetSpec[];
  readonly rates: readonly RateSpec[];
}

export const GROUPS = ['ops', 'finance'] as const;
export const TOOLS = [
  'page.read',
  'row.write',
  'money.send',
  'table.drop',
  'disk.wipe',
  'moon.fly',
];
export const PEOPLE = [
  'ann@x.org',
  'ben@x.org',
  'cas@x.org',
  'dan@x.org',
  'eve@x.org',
  'who@x.org',
];

const UNKNOWN: ToolSpec = {
  tier: 'destructive',
  rule: 'none',
  costMicroUsd: null,
  approvers: [],
  quorum: 1,
  expiresMs: null,
};

export function toolSpec(spec: FleetSpec, tool: string): ToolSpec {
  return spec.tools[tool] ?? UNKNOWN;
}

/** The fleet that the production decider is given. */
export function fleetOf(spec: FleetSpec): Fleet {
  const budgets = spec.budgets.map(fleetBudget);
  const rates = spec.rates.map((rate): FleetRate => ({ ...rate, id: rate.id as RateId }));
  const limitsByTool = new Map<string, ApplicableLimits>();
  const limitsOf = (tool: string): ApplicableLimits => {
    let limits = limitsByTool.get(tool);
    if (limits === undefined) {
      const counts = (at: number) => [null, tool].includes(spec.budgets[at]?.tool ?? null);
      limits = { budgets: budgets.filter((_, at) => counts(at)), rates };
      limitsByTool.set(tool, limits);
    }
    return limits;
  };
  const tools = new Map(Object.keys(spec.tools).map((name) => [name, fleetTool(spec, name)]));
  const shared = <Limit extends FleetBudget | FleetRate>(all: readonly Limit[]) =>
    new Map(all.filter((one) => one.shared).map((one) => [limitIdOf(one.id), one]));
  const people = spec.people.map((one) => one as unknown as FleetPerson);
  return {
    hash: spec.hash,
    breakerTermsOf: () => DEFAULT_TERMS,
    agentById: new Map(spec.agents.map((agent) => [agent.id as AgentId, fleetAgent(spec, agent)])),
    personById: new Map(people.map((one) => [one.id as PersonId, one])),
    toolOf: (name) => tools.get(name) ?? fleetTool(spec, name),
    limitsOf: (_agent, tool) => limitsOf(tool),
    limitsOfAgent: () => ({ budgets, rates }),
    sharedBudgetById: shared(budgets),
    sharedRateById: shared(rates),
    rules: {
      begin: ({ tool }) => ({ evaluate: (granted) => evaluate(spec, tool.name, granted) }),
      annotationsOf: (rule) => annotations(spec, rule),
    },
  };
}

function fleetAgent(spec: FleetSpec, agent: FleetSpec['agents'][number]): FleetAgent {
  return {
    id: agent.id as AgentId,
    owner: spec.owner as PersonId,
    groups: agent.groups as GroupName[],
    attributes: {},
    publicKeys: {},
  };
}

function fleetBudget({ id, unit, ceiling, windowMs, shared }: BudgetSpec): FleetBudget {
  const window =
    windowMs === 0 ? ({ kind: 'lifetime' } as const) : ({ kind: 'duration', windowMs } as const);
  return { id: id as BudgetId, unit, ceiling, window, windowText: `${windowMs}ms`, shared };
}

function fleetTool(spec: FleetSpec, name: string): FleetTool {
  const { tier, costMicroUsd } = toolSpec(spec, name);
  return {
    name: name as ToolName,
    known: spec.tools[name] !== undefined,
    tier,
    checkArguments: (args) => ('bad' in args ? [{ pointer: '/bad', detail: 'is bad' }] : []),
    costMicroUsd: () => costMicroUsd,
    targetsOf: (args) => (typeof args['to'] === 'string' ? [args['to']] : []),
  };
}

function evaluate(spec: FleetSpec, tool: string, granted: boolean): RuleAnswer {
  const { rule } = toolSpec(spec, tool);
  const isAllowed = rule === 'permit' || (rule === 'ask' && granted);
  const determining = rule === 'none' || (rule === 'ask' && !granted) ? [] : [`${rule} ${tool}`];
  return { decision: isAllowed ? 'allow' : 'deny', determining, errors: [] };
}

function annotations(spec: FleetSpec, rule: string): RuleAnnotations {
  const { approvers, quorum, expiresMs } = toolSpec(spec, rule.slice(rule.indexOf(' ') + 1));
  return { approvers, quorum, expiresMs, reason: null, severity: null };
}
