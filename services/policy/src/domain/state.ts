/**
 * The state of one partition: everything the decider knows, rebuilt from its audit records alone.
 * A state is owned by one fold: `applyRecord` changes it in place, and nobody else does.
 */

import type {
  AgentId,
  ApprovalId,
  BudgetId,
  CredentialId,
  IntentId,
  LimitId,
  PersonId,
  PolicyHash,
  RateId,
} from '@estop/schemas/ids';
import type {
  ActionView,
  AnswerView,
  BudgetUse,
  CredentialView,
  Decision,
  Gate,
  Halt,
  Intent,
  OutcomeStatus,
  PendReason,
} from '@estop/schemas/messages';
import { type Activity, emptyActivity } from './activity.ts';
import { AgentTable } from './agent-table.ts';
import { type Breaker, type EndedKill, NEVER_TRIPPED } from './breaker/breaker.ts';
import type { RateWindow } from './rate-window.ts';
import { createSchedule, type Schedule } from './schedule.ts';
import type { SlicePool } from './shared/pool.ts';
import type { AwaitedIntent, SliceAccount } from './shared/slice-state.ts';

export interface PartitionState {
  readonly partition: number;
  /** Time of the last record, ms; never goes back. */
  atMs: number;
  /** The bundle in force; null before the first. */
  fleetHash: PolicyHash | null;
  /** Next offset per input topic: an input below it was recorded already. */
  readonly nextOffsetByTopic: Map<string, number>;
  /** The newest word on each scope, also when it was lifted: epochs only grow. */
  readonly haltByScope: Map<string, Halt>;
  /** The newest kill that is over, by scope. */
  readonly endedKillByScope: Map<string, EndedKill>;
  readonly agentById: AgentTable<AgentState>;
  readonly personById: Map<PersonId, PersonState>;
  /** Shared limits that agents of this partition use, by kind and id. */
  readonly accountByLimit: Map<string, SliceAccount>;
  /** Shared limits whose home this is, by kind and id. */
  readonly poolByLimit: Map<string, SlicePool>;
  /** Orders about shared limits whose home this is. */
  readonly limitById: Map<LimitId, SubjectState>;
  /** Intents that wait for slices, oldest first. */
  readonly awaitedByKey: Map<string, AwaitedIntent>;
  /** Limits of which more may be available since `takeResumable`. Derived, never serialised. */
  readonly changedLimits: Set<string>;
  /** When whose holds and approvals run out. Derived from the rest, never serialised. */
  readonly schedule: Schedule;
  /** What decided intents share. Derived, never serialised. */
  readonly decisionKinds: DecisionKinds;
}

/** What is known of anybody who has credentials and gives or gets orders. */
export interface SubjectState {
  readonly credentialById: Map<CredentialId, CredentialView>;
  readonly answers: AnswerView[];
}

export type PersonState = SubjectState;

export interface AgentState extends SubjectState {
  readonly id: AgentId;
  /** Number of its first record; null before it: nothing of it was ever killed. */
  readonly firstSeq: number | null;
  suspended: boolean;
  breaker: Breaker;
  allowed: number;
  denied: number;
  /** Final decisions by intent, oldest first. */
  readonly decidedById: Map<IntentId, DecidedIntent>;
  readonly pendingById: Map<IntentId, PendingIntent>;
  readonly holdById: Map<IntentId, Hold>;
  readonly ledgerById: Map<BudgetId, LedgerEntry>;
  readonly rateById: Map<RateId, RateWindow>;
  readonly activity: Activity;
  readonly lastActions: ActionView[];
}

/** What most decisions on a tool have in common. */
export type DecisionKind = Pick<
  Decision,
  'tool' | 'tier' | 'point' | 'decision' | 'reason' | 'message' | 'rules' | 'policyHash'
>;

export interface DecidedIntent
  extends Pick<
    Decision,
    'sessionId' | 'digest' | 'at' | 'approval' | 'retryAfterMs' | 'expiresAt'
  > {
  readonly kind: DecisionKind;
  /** Of the audit record that decided it. */
  readonly offset: number;
  outcome: OutcomeStatus | null;
}

/** Kinds of decisions by tool, the newest few of each. Derived, never serialised. */
export type DecisionKinds = Map<string, DecisionKind[]>;

/** An intent that waits for people, with all that is needed to check it again. */
export interface PendingIntent {
  readonly intent: Intent;
  readonly approvalId: ApprovalId;
  readonly reason: PendReason;
  readonly held: readonly BudgetUse[];
  readonly expiresAt: number;
  /** What each asking rule asks by itself. */
  readonly gates: readonly Gate[];
  readonly tokens: number;
  readonly microUsd: number;
  readonly targets: readonly string[];
  /** Grows with each vote. */
  decision: Decision;
}

/** Amounts of an allowed intent that wait for its outcome. */
export interface Hold {
  readonly uses: readonly BudgetUse[];
  readonly untilMs: number;
}

/** One budget in its current window, in the unit of the budget. */
export interface LedgerEntry {
  windowStart: number;
  spent: number;
  reserved: number;
  /** Ceiling that a person set; null: the fleet's. */
  ceiling: number | null;
}

export function initialState(partition: number): PartitionState {
  return {
    partition,
    atMs: 0,
    fleetHash: null,
    nextOffsetByTopic: new Map(),
    haltByScope: new Map(),
    endedKillByScope: new Map(),
    agentById: new AgentTable(),
    personById: new Map(),
    accountByLimit: new Map(),
    poolByLimit: new Map(),
    limitById: new Map(),
    awaitedByKey: new Map(),
    changedLimits: new Set(),
    schedule: createSchedule(),
    decisionKinds: new Map(),
  };
}

export function initialAgent(id: AgentId, firstSeq: number | null = null): AgentState {
  return {
    id,
    firstSeq,
    suspended: false,
    breaker: NEVER_TRIPPED,
    allowed: 0,
    denied: 0,
    decidedById: new Map(),
    pendingById: new Map(),
    holdById: new Map(),
    ledgerById: new Map(),
    rateById: new Map(),
    activity: emptyActivity(),
    lastActions: [],
    credentialById: new Map(),
    answers: [],
  };
}

export function initialSubject(): SubjectState {
  return { credentialById: new Map(), answers: [] };
}
