/** A fleet for domain tests: rules as plain functions, everything else as in production. */

import { type BreakerTerms, DEFAULT_TERMS } from '@estop/policy/domain/breaker/terms';
import type {
  ApplicableLimits,
  Fleet,
  FleetAgent,
  FleetBudget,
  FleetPerson,
  FleetRate,
  FleetTool,
  JsonObject,
  RuleAnnotations,
  RuleAnswer,
  RuleRequest,
} from '@estop/policy/domain/fleet';
import {
  type AgentId,
  type BudgetId,
  type GroupName,
  type LimitId,
  limitIdOf,
  type PersonId,
  type PolicyHash,
  type RateId,
  type ToolName,
} from '@estop/schemas/ids';
import type { Tier } from '@estop/schemas/messages';

export const HASH = `sha256:${'0'.repeat(64)}` as PolicyHash;

export interface FleetOptions {
  readonly agents?: readonly string[];
  readonly owner?: string;
  readonly people?: readonly FleetPerson[];
  readonly tiers?: Readonly<Record<string, Tier>>;
  readonly budgets?: readonly FleetBudget[];
  readonly rates?: readonly FleetRate[];
  readonly rule?: (request: RuleRequest, granted: boolean) => RuleAnswer;
  readonly annotations?: Readonly<Record<string, Partial<RuleAnnotations>>>;
  readonly checkArguments?: FleetTool['checkArguments'];
  readonly breakerTerms?: BreakerTerms;
  readonly costMicroUsd?: (args: JsonObject) => number | null | 'invalid';
}

export const ALLOW: RuleAnswer = { decision: 'allow', determining: ['permit-all'], errors: [] };
export const DENY: RuleAnswer = { decision: 'deny', determining: [], errors: [] };

/** Allows only once approval is granted, by a rule named `gate`. */
export function askFirst(_request: RuleRequest, granted: boolean): RuleAnswer {
  return granted
    ? { decision: 'allow', determining: ['gate'], errors: [] }
    : { decision: 'deny', determining: [], errors: [] };
}

export function person(id: string, role: FleetPerson['role'], ...groups: string[]): FleetPerson {
  return { id: id as PersonId, role, groups: groups as GroupName[] };
}

export function callsBudget(id: string, ceiling: number, windowMs = 3_600_000): FleetBudget {
  const window = { kind: 'duration', windowMs } as const;
  const windowText = `${windowMs}ms`;
  return { id: id as BudgetId, unit: 'calls', ceiling, window, windowText, shared: false };
}

export function spendBudget(id: string, ceiling: number): FleetBudget {
  const window = { kind: 'duration', windowMs: 86_400_000 } as const;
  const windowText = 'day';
  return { id: id as BudgetId, unit: 'microUsd', ceiling, window, windowText, shared: false };
}

export function rate(id: string, limit: number, windowMs: number): FleetRate {
  return { id: id as RateId, limit, windowMs, shared: false };
}

export function createFleetDouble(options: FleetOptions = {}): Fleet {
  const limits: ApplicableLimits = { budgets: options.budgets ?? [], rates: options.rates ?? [] };
  const agents = (options.agents ?? ['billing-bot']).map((id): FleetAgent => {
    return {
      id: id as AgentId,
      owner: (options.owner ?? null) as PersonId | null,
      groups: ['finance' as GroupName],
      attributes: {},
      publicKeys: {},
    };
  });
  const rule = options.rule ?? (() => ALLOW);
  return {
    hash: HASH,
    agentById: new Map(agents.map((agent) => [agent.id, agent])),
    personById: new Map((options.people ?? []).map((p) => [p.id, p])),
    toolOf: (name) => toolDouble(name, options),
    limitsOf: () => limits,
    limitsOfAgent: () => limits,
    sharedBudgetById: sharedById(limits.budgets),
    sharedRateById: sharedById(limits.rates),
    breakerTermsOf: () => options.breakerTerms ?? DEFAULT_TERMS,
    rules: {
      begin: (request) => ({ evaluate: (granted) => rule(request, granted) }),
      annotationsOf: (id) => ({
        approvers: [],
        quorum: null,
        expiresMs: null,
        reason: null,
        severity: null,
        ...options.annotations?.[id],
      }),
    },
  };
}

function sharedById<Limit extends FleetBudget | FleetRate>(
  limits: readonly Limit[],
): ReadonlyMap<LimitId, Limit> {
  return new Map(limits.filter(({ shared }) => shared).map((one) => [limitIdOf(one.id), one]));
}

function toolDouble(name: ToolName, options: FleetOptions): FleetTool {
  const tier = options.tiers?.[name];
  return {
    name,
    known: tier !== undefined,
    tier: tier ?? 'destructive',
    checkArguments: options.checkArguments ?? (() => []),
    costMicroUsd: options.costMicroUsd ?? (() => null),
    targetsOf: () => [],
  };
}
