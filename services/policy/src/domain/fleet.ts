/**
 * The fleet as the decider sees it: agents, tools, people, limits and rules of one bundle, compiled
 * and immutable. Built from a fleet folder by adapters/fleet; swapped as a whole.
 */
import type {
  AgentId,
  BudgetId,
  GroupName,
  LimitId,
  PersonId,
  PolicyHash,
  RateId,
  ToolName,
} from '@estop/schemas/ids';
import type { Tier } from '@estop/schemas/messages';
import type { BreakerTerms } from './breaker/terms.ts';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json;
}

export interface Fleet {
  readonly hash: PolicyHash;
  readonly agentById: ReadonlyMap<AgentId, FleetAgent>;
  readonly personById: ReadonlyMap<PersonId, FleetPerson>;
  /** Never undefined: a tool outside the catalogue is `destructive`, known: false. */
  toolOf(name: ToolName): FleetTool;
  /** The limits that count a call, in the order of limits.yaml. */
  limitsOf(agent: FleetAgent, tool: ToolName): ApplicableLimits;
  /** Every limit that can count a call of this agent, whatever the tool. */
  limitsOfAgent(agent: FleetAgent): ApplicableLimits;
  readonly sharedBudgetById: ReadonlyMap<LimitId, FleetBudget>;
  readonly sharedRateById: ReadonlyMap<LimitId, FleetRate>;
  readonly rules: RuleEngine;
  breakerTermsOf(agentId: AgentId): BreakerTerms;
}

export interface FleetAgent {
  readonly id: AgentId;
  readonly owner: PersonId | null;
  readonly groups: readonly GroupName[];
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  /** Ed25519 keys of an agent that writes to Kafka itself: key id to raw key, base64url. */
  readonly publicKeys: Readonly<Record<string, string>>;
}

export interface FleetTool {
  readonly name: ToolName;
  readonly known: boolean;
  readonly tier: Tier;
  /** Problems of these arguments under the tool's JSON Schema; empty when it has none. */
  checkArguments(args: JsonObject): readonly ArgumentProblem[];
  /**
   * Micro-dollars the catalogue says this call costs: a constant, or what a JSON pointer finds.
   * Null: the catalogue is silent. `invalid`: the pointer finds no non-negative integer.
   */
  costMicroUsd(args: JsonObject): number | null | 'invalid';
  /** Whom or what the call is aimed at: the values at the catalogue's `targets` pointers. */
  targetsOf(args: JsonObject): readonly string[];
}

export interface ArgumentProblem {
  /** JSON pointer into the arguments. */
  readonly pointer: string;
  readonly detail: string;
}

export type Role = 'viewer' | 'approver' | 'operator' | 'admin';

export interface FleetPerson {
  readonly id: PersonId;
  readonly role: Role;
  readonly groups: readonly GroupName[];
}

export type BudgetUnit = 'calls' | 'tokens' | 'microUsd';

/** How long a budget counts before it starts anew; durations are aligned to UTC. */
export type BudgetWindow =
  | { readonly kind: 'lifetime' }
  | { readonly kind: 'month' }
  | { readonly kind: 'duration'; readonly windowMs: number };

export interface FleetBudget {
  readonly id: BudgetId;
  readonly unit: BudgetUnit;
  readonly ceiling: number;
  readonly window: BudgetWindow;
  /** The window as written, for people. */
  readonly windowText: string;
  /** One ceiling for all agents in its scope; else each agent has its own. */
  readonly shared: boolean;
}

/** A sliding window that counts allowed calls. */
export interface FleetRate {
  readonly id: RateId;
  readonly limit: number;
  readonly windowMs: number;
  /** One window for all agents in its scope; else each agent has its own. */
  readonly shared: boolean;
}

export interface ApplicableLimits {
  readonly budgets: readonly FleetBudget[];
  readonly rates: readonly FleetRate[];
}

/** What the rules are asked: who, what, with which arguments, under which circumstances. */
export interface RuleRequest {
  readonly agent: FleetAgent;
  readonly tool: FleetTool;
  readonly arguments: JsonObject;
  /** JSON pointers of arguments (and their ancestors) whose value came only from tool output. */
  readonly untrusted: readonly string[];
  readonly provenance: Readonly<Record<string, string>>;
  readonly sessionId: string | null;
  /** Time of the intent, ms; hour and weekday come from it, UTC. */
  readonly atMs: number;
  /** Computed when a rule asks. */
  readonly recent: RecentFacts;
}

export interface WindowFacts {
  readonly calls: number;
  readonly denied: number;
  readonly errors: number;
  readonly microUsd: number;
  readonly targets: number;
}

/** What this agent did lately; each window is computed on first use. */
export interface RecentFacts {
  readonly minute: WindowFacts;
  readonly hour: WindowFacts;
  readonly day: WindowFacts;
}

/** One evaluation of all rules with the approval given or not. */
export interface RuleAnswer {
  readonly decision: 'allow' | 'deny';
  /** Ids of the rules that made the answer: permits on allow, forbids on deny. */
  readonly determining: readonly string[];
  /** Ids of rules that could not be evaluated, with why. Any error denies. */
  readonly errors: readonly { readonly ruleId: string; readonly message: string }[];
}

export interface RuleAnnotations {
  readonly approvers: readonly string[];
  readonly quorum: number | null;
  readonly expiresMs: number | null;
  readonly reason: string | null;
  readonly severity: string | null;
}

export interface RuleEngine {
  /**
   * Evaluates the rules. `begin` converts the request once; `evaluate` may then be called with the
   * approval absent and granted.
   */
  begin(request: RuleRequest): { evaluate(approvalGranted: boolean): RuleAnswer };
  annotationsOf(ruleId: string): RuleAnnotations;
}
