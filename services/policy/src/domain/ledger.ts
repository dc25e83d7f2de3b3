/**
 * Budgets: reserve → settle → release or expire. At every prefix of the log, for each budget and
 * window, spent + reserved ≤ ceiling. The decider works out numbers, events carry them, and the
 * ledger only adds them up. What agents share is taken from slices (shared/).
 */
import { type BudgetId, limitIdOf } from '@estop/schemas/ids';
import type { BudgetUse, Outcome, Settlement } from '@estop/schemas/messages';
import { windowEndOf, windowStartOf } from './budget-window.ts';
import type { FleetBudget } from './fleet.ts';
import { availableOf, type LimitRef } from './shared/account.ts';
import { type Lack, mayGetMore } from './shared/holder.ts';
import type { AgentState, LedgerEntry, PartitionState } from './state.ts';

/** Whose amounts these are: an agent's own, and its partition's slices. */
export interface Holder {
  readonly state: PartitionState;
  readonly agent: AgentState;
}

/** What one call takes; null: nobody could say. */
export interface CallCost {
  readonly tokens: number | null;
  readonly microUsd: number | null;
}

export type Reservation =
  | {
      readonly ok: true;
      readonly uses: readonly BudgetUse[];
      /** What slices have too little of now, and may get more. */
      readonly lacks: readonly Lack[];
    }
  | {
      readonly ok: false;
      readonly budget: FleetBudget;
      readonly remaining: number;
      readonly wanted: number;
      readonly retryAfterMs: number | null;
    };

/**
 * Reserves a call on all budgets, or says which one has too little left. `alreadyHeld` are amounts
 * this same intent holds: they count as free.
 */
export function reserve(
  holder: Holder,
  budgets: readonly FleetBudget[],
  call: ReservedCall,
): Reservation {
  const uses: BudgetUse[] = [];
  const lacks: Lack[] = [];
  for (const budget of budgets) {
    const { id: budgetId, shared } = budget;
    const windowStart = windowStartOf(budget.window, call.atMs);
    const amount = amountOf(budget, call.cost);
    const own = heldOn(call.alreadyHeld, budgetId, windowStart);
    const remaining = Math.max(0, balanceOf(holder, budget, call.atMs) + own);
    const isUnknown = amount === null && (budget.unit === 'tokens' || call.unknownCostNeedsRoom);
    const wanted = amount ?? 0;
    if (wanted > remaining || (isUnknown && remaining <= 0)) {
      const more = Math.max(1, wanted - own);
      const lack = shared ? lackOf(holder, budget, { atMs: call.atMs, amount: more }) : undefined;
      if (lack === undefined) return exhausted(holder, budget, { atMs: call.atMs, wanted, own });
      lacks.push(lack);
    } else uses.push({ budgetId, windowStart, amount: wanted, shared });
  }
  return { ok: true, uses, lacks };
}

/** What is asked of the budgets. */
export interface ReservedCall {
  readonly cost: CallCost;
  readonly atMs: number;
  readonly unknownCostNeedsRoom: boolean;
  readonly alreadyHeld: readonly BudgetUse[];
}

function exhausted(
  holder: Holder,
  budget: FleetBudget,
  call: { readonly atMs: number; readonly wanted: number; readonly own: number },
): Reservation {
  const { atMs, wanted, own } = call;
  const end = windowEndOf(budget.window, atMs);
  const retryAfterMs = end === null ? null : end - atMs;
  const remaining = Math.max(0, remainingOf(holder, budget, atMs) + own);
  return { ok: false, budget, remaining, wanted, retryAfterMs };
}

/**
 * What is left of a budget, in its unit; never below 0. Of a shared one: what this partition holds,
 * and what the home had left at its last word.
 */
export function remainingOf(holder: Holder, budget: FleetBudget, atMs: number): number {
  const balance = Math.max(0, balanceOf(holder, budget, atMs));
  return budget.shared ? balance + homeFreeOf(holder, budget, atMs) : balance;
}

/** The shared budget in the window of a time. */
export function budgetRef(budget: FleetBudget, atMs: number): LimitRef {
  const windowStart = windowStartOf(budget.window, atMs);
  const end = windowEndOf(budget.window, atMs);
  const windowMs = end === null ? 0 : end - windowStart;
  return { kind: 'budget', limitId: limitIdOf(budget.id), windowStart, windowMs };
}

function homeFreeOf({ state }: Holder, budget: FleetBudget, atMs: number): number {
  const account = state.accountByLimit.get(`budget:${budget.id}`);
  if (account === undefined) return budget.ceiling;
  return account.windowStart === windowStartOf(budget.window, atMs)
    ? account.homeFree
    : budget.ceiling;
}

function lackOf(
  { state }: Holder,
  budget: FleetBudget,
  wish: { readonly atMs: number; readonly amount: number },
): Lack | undefined {
  const ref = budgetRef(budget, wish.atMs);
  return mayGetMore(state, ref, wish.atMs) ? { ...ref, amount: wish.amount } : undefined;
}

/** Below 0 when a person has lowered the ceiling under what is spent and held. */
function balanceOf({ state, agent }: Holder, budget: FleetBudget, atMs: number): number {
  if (budget.shared) {
    return availableOf(state.accountByLimit.get(`budget:${budget.id}`), budgetRef(budget, atMs));
  }
  const entry = agent.ledgerById.get(budget.id);
  if (entry === undefined) return budget.ceiling;
  const ceiling = entry.ceiling ?? budget.ceiling;
  const windowStart = windowStartOf(budget.window, atMs);
  if (entry.windowStart !== windowStart) return ceiling - heldIn(agent, budget.id, windowStart);
  return ceiling - entry.spent - entry.reserved;
}

/** What an outcome says of the cost. */
type Reported = Pick<Outcome, 'status' | 'tokens' | 'microUsd'>;

/** How held amounts settle when the outcome is known. */
export function settle(
  { state, agent }: Holder,
  uses: readonly BudgetUse[],
  done: {
    readonly outcome: Reported;
    readonly budgetOf: (id: BudgetId) => FleetBudget | undefined;
  },
): readonly Settlement[] {
  return uses.map((use) => {
    const budget = done.budgetOf(use.budgetId);
    const actual = actualOf(use, budget, done.outcome);
    const free = use.shared ? freeSlice(state, use) : freeOf(agent, use, budget);
    const spent = Math.min(actual, use.amount + free);
    const { budgetId, windowStart, amount: reserved, shared } = use;
    return { budgetId, windowStart, reserved, spent, overrun: actual - spent, shared };
  });
}

function freeOf(agent: AgentState, use: BudgetUse, budget: FleetBudget | undefined): number {
  const entry = agent.ledgerById.get(use.budgetId);
  if (entry === undefined || entry.windowStart !== use.windowStart) return 0;
  const ceiling = entry.ceiling ?? budget?.ceiling ?? use.amount;
  return Math.max(0, ceiling - entry.spent - entry.reserved);
}

function freeSlice(state: PartitionState, { budgetId, windowStart }: BudgetUse): number {
  return availableOf(state.accountByLimit.get(`budget:${budgetId}`), { windowStart });
}

/** Held amounts whose outcome never came: they count as spent. */
export function expire(uses: readonly BudgetUse[]): readonly Settlement[] {
  return uses.map(({ budgetId, windowStart, amount, shared }) => {
    return { budgetId, windowStart, reserved: amount, spent: amount, overrun: 0, shared };
  });
}

export function applyReserved(agent: AgentState, uses: readonly BudgetUse[]): void {
  for (const use of uses) {
    if (!use.shared) entryFor(agent, use.budgetId, use.windowStart).reserved += use.amount;
  }
}

export function applyReleased(agent: AgentState, uses: readonly BudgetUse[]): void {
  for (const use of uses) {
    if (use.shared) continue;
    const entry = agent.ledgerById.get(use.budgetId);
    if (entry?.windowStart === use.windowStart) entry.reserved -= use.amount;
  }
}

export function applySettled(agent: AgentState, settled: readonly Settlement[]): void {
  for (const settlement of settled) {
    if (settlement.shared) continue;
    const entry = agent.ledgerById.get(settlement.budgetId);
    // A window that turned since holds nothing of it any more.
    if (entry?.windowStart !== settlement.windowStart) continue;
    entry.reserved -= settlement.reserved;
    entry.spent += settlement.spent;
  }
}

export function applyCeiling(agent: AgentState, budgetId: BudgetId, ceiling: number): void {
  const entry = agent.ledgerById.get(budgetId);
  if (entry === undefined) {
    agent.ledgerById.set(budgetId, { windowStart: 0, spent: 0, reserved: 0, ceiling });
  } else entry.ceiling = ceiling;
}

function entryFor(agent: AgentState, budgetId: BudgetId, windowStart: number): LedgerEntry {
  let entry = agent.ledgerById.get(budgetId);
  if (entry === undefined) {
    entry = { windowStart, spent: 0, reserved: 0, ceiling: null };
    agent.ledgerById.set(budgetId, entry);
  } else if (entry.windowStart !== windowStart) {
    entry.windowStart = windowStart;
    entry.spent = 0;
    entry.reserved = heldIn(agent, budgetId, windowStart);
  }
  return entry;
}

/** In a window that begins: nothing, but where a fleet comes back to one that another has left. */
function heldIn(
  { holdById, pendingById }: AgentState,
  budgetId: BudgetId,
  windowStart: number,
): number {
  let held = 0;
  for (const { uses } of holdById.values()) held += heldOn(uses, budgetId, windowStart);
  for (const pending of pendingById.values()) held += heldOn(pending.held, budgetId, windowStart);
  return held;
}

function amountOf(budget: FleetBudget, cost: CallCost): number | null {
  switch (budget.unit) {
    case 'calls':
      return 1;
    case 'tokens':
      return cost.tokens;
    case 'microUsd':
      return cost.microUsd;
  }
}

/**
 * ok: what was reported, else what was held. error: the attempt counts as a call, other units as
 * reported. cancelled: nothing. unknown: it may have happened, so at least what was held.
 */
function actualOf(use: BudgetUse, budget: FleetBudget | undefined, outcome: Reported): number {
  if (budget === undefined) return use.amount;
  if (outcome.status === 'cancelled') return 0;
  if (budget.unit === 'calls') return use.amount;
  const reported = budget.unit === 'tokens' ? outcome.tokens : outcome.microUsd;
  if (outcome.status === 'unknown') return Math.max(use.amount, reported ?? 0);
  return reported ?? (outcome.status === 'ok' ? use.amount : 0);
}

function heldOn(uses: readonly BudgetUse[], budgetId: BudgetId, windowStart: number): number {
  const use = uses.find((u) => u.budgetId === budgetId && u.windowStart === windowStart);
  return use?.amount ?? 0;
}
