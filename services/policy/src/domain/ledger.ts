/**
 * Budgets: reserve → settle → release or expire. At every prefix of the log, for each budget and
 * window, spent + reserved ≤ ceiling. The decider works out numbers, events carry them, and the
 * ledger only adds them up.
 */
import type { BudgetId } from '@estop/schemas/ids';
import type { BudgetUse, Outcome, Settlement } from '@estop/schemas/messages';
import { windowEndOf, windowStartOf } from './budget-window.ts';
import type { FleetBudget } from './fleet.ts';
import type { AgentState, LedgerEntry } from './state.ts';

/** What one call takes; null: nobody could say. */
export interface CallCost {
  readonly tokens: number | null;
  readonly microUsd: number | null;
}

export type Reservation =
  | { readonly ok: true; readonly uses: readonly BudgetUse[] }
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
  agent: AgentState,
  budgets: readonly FleetBudget[],
  call: {
    readonly cost: CallCost;
    readonly atMs: number;
    readonly unknownCostNeedsRoom: boolean;
    readonly alreadyHeld: readonly BudgetUse[];
  },
): Reservation {
  const uses: BudgetUse[] = [];
  for (const budget of budgets) {
    const windowStart = windowStartOf(budget.window, call.atMs);
    const amount = amountOf(budget, call.cost);
    const own = heldOn(call.alreadyHeld, budget.id, windowStart);
    const remaining = Math.max(0, balanceOf(agent, budget, call.atMs) + own);
    const isUnknown = amount === null && (budget.unit === 'tokens' || call.unknownCostNeedsRoom);
    const wanted = amount ?? 0;
    if (wanted > remaining || (isUnknown && remaining <= 0)) {
      const end = windowEndOf(budget.window, call.atMs);
      const retryAfterMs = end === null ? null : end - call.atMs;
      return { ok: false, budget, remaining, wanted, retryAfterMs };
    }
    uses.push({ budgetId: budget.id, windowStart, amount: wanted });
  }
  return { ok: true, uses };
}

/** What is left of a budget, in its unit; never below 0. */
export function remainingOf(agent: AgentState, budget: FleetBudget, atMs: number): number {
  return Math.max(0, balanceOf(agent, budget, atMs));
}

/** Below 0 when a person has lowered the ceiling under what is spent and held. */
function balanceOf(agent: AgentState, budget: FleetBudget, atMs: number): number {
  const entry = agent.ledgerById.get(budget.id);
  const ceiling = entry?.ceiling ?? budget.ceiling;
  if (entry === undefined || entry.windowStart !== windowStartOf(budget.window, atMs)) {
    return ceiling;
  }
  return ceiling - entry.spent - entry.reserved;
}

/** What an outcome says of the cost. */
type Reported = Pick<Outcome, 'status' | 'tokens' | 'microUsd'>;

/** How held amounts settle when the outcome is known. */
export function settle(
  agent: AgentState,
  uses: readonly BudgetUse[],
  done: {
    readonly outcome: Reported;
    readonly budgetOf: (id: BudgetId) => FleetBudget | undefined;
  },
): readonly Settlement[] {
  return uses.map((use) => {
    const budget = done.budgetOf(use.budgetId);
    const actual = actualOf(use, budget, done.outcome);
    const entry = agent.ledgerById.get(use.budgetId);
    const isCurrent = entry !== undefined && entry.windowStart === use.windowStart;
    const ceiling = (isCurrent ? entry.ceiling : null) ?? budget?.ceiling ?? use.amount;
    const free = isCurrent ? Math.max(0, ceiling - entry.spent - entry.reserved) : 0;
    const spent = Math.min(actual, use.amount + free);
    const { budgetId, windowStart, amount: reserved } = use;
    return { budgetId, windowStart, reserved, spent, overrun: actual - spent };
  });
}

/** Held amounts whose outcome never came: they count as spent. */
export function expire(uses: readonly BudgetUse[]): readonly Settlement[] {
  return uses.map(({ budgetId, windowStart, amount }) => {
    return { budgetId, windowStart, reserved: amount, spent: amount, overrun: 0 };
  });
}

export function applyReserved(agent: AgentState, uses: readonly BudgetUse[]): void {
  for (const use of uses) entryFor(agent, use.budgetId, use.windowStart).reserved += use.amount;
}

export function applyReleased(agent: AgentState, uses: readonly BudgetUse[]): void {
  for (const use of uses) {
    const entry = agent.ledgerById.get(use.budgetId);
    if (entry?.windowStart === use.windowStart) entry.reserved -= use.amount;
  }
}

export function applySettled(agent: AgentState, settled: readonly Settlement[]): void {
  for (const settlement of settled) {
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
    entry.reserved = 0;
  }
  return entry;
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
