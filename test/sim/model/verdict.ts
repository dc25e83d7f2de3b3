/**
 * What DESIGN §5 says of one intent, step by step: halts, the agent's standing, rules, arguments,
 * rates, budgets, approval. Written from there and not from the decider.
 */
import type { Halt, Intent } from '@estop/schemas/messages';
import { type BudgetSpec, type FleetSpec, type RateSpec, toolSpec } from '../fleet-spec.ts';
import type { BreakerFacts } from './breaker-facts.ts';
import { covers, isLive } from './coverage.ts';
import type { AgentFacts, Lack, Use } from './facts.ts';
import type { Holdings } from './holdings.ts';

export type Verdict =
  | { readonly kind: 'deny'; readonly reason: string }
  | { readonly kind: 'wait'; readonly lacks: readonly Lack[] }
  | { readonly kind: 'allow'; readonly held: readonly Use[] }
  | { readonly kind: 'ask'; readonly reason: string; readonly held: readonly Use[] };

export interface Situation {
  readonly fleet: FleetSpec | null;
  readonly agent: AgentFacts;
  readonly breaker: BreakerFacts;
  readonly halts: Iterable<Halt>;
  readonly holdings: Holdings;
  readonly atMs: number;
}

/** `own`: what the intent holds since it was asked for; null: nobody was asked. */
export function verdictOf(
  situation: Situation,
  intent: Intent,
  own: readonly Use[] | null,
): Verdict {
  const { fleet } = situation;
  const standing = checkStanding(situation, intent);
  if (standing !== null) return standing;
  if (fleet === null) return deny('agent-unknown');
  const { rule, tier } = toolSpec(fleet, intent.tool);
  if (rule === 'forbid') return deny('forbidden');
  if (rule === 'none') return deny('not-permitted');
  if (tier !== 'read' && intent.arguments.includes('"bad"')) return deny('invalid-arguments');
  const rated = checkRates(situation, fleet.rates);
  if (rated.isExhausted) return deny('rate-limited');
  const budgets = fleet.budgets.filter(({ tool }) => tool === null || tool === intent.tool);
  const reserved = checkBudgets(situation, budgets, { ...costOf(fleet, intent), own: own ?? [] });
  if (reserved.isExhausted) return deny('budget-exhausted');
  const lacks = [...rated.lacks, ...reserved.lacks];
  if (lacks.length > 0) return { kind: 'wait', lacks };
  const isSteppedUp = situation.breaker.mode === 'step-up' && tier !== 'read';
  const isAsking = (rule === 'ask' || isSteppedUp) && own === null;
  if (!isAsking) return { kind: 'allow', held: reserved.uses };
  const reason = isSteppedUp ? 'step-up' : 'approval-required';
  return { kind: 'ask', reason, held: reserved.uses };
}

function checkStanding(situation: Situation, intent: Intent): Verdict | null {
  const { fleet, agent } = situation;
  if ((intent.tokens ?? 0) < 0) return deny('invalid-intent');
  const present = fleet?.agents.find(({ id }) => id === intent.agentId);
  if (isHalted(situation, intent, present?.groups ?? [])) return deny('halted');
  if (present === undefined) return deny('agent-unknown');
  if (agent.suspended) return deny('agent-suspended');
  return isBroken(situation, intent) ? deny('breaker-open') : null;
}

/** Open lets nothing through, half-open five reads; what was open awaits a person for grave calls. */
function isBroken({ fleet, breaker }: Situation, { tool }: Intent): boolean {
  if (breaker.mode === 'open') return true;
  if (fleet === null) return false;
  const { tier } = toolSpec(fleet, tool);
  if (breaker.mode === 'half-open') return tier !== 'read' || breaker.isFull;
  return breaker.awaitsPerson && (tier === 'destructive' || tier === 'financial');
}

function deny(reason: string): Verdict {
  return { kind: 'deny', reason };
}

function isHalted({ halts, atMs }: Situation, intent: Intent, groups: readonly string[]): boolean {
  for (const halt of halts) {
    if (isLive(halt, atMs) && covers(halt, intent, groups)) return true;
  }
  return false;
}

/** What the call costs: the dearer of the catalogue's figure and the agent's. */
export function costOf(
  fleet: FleetSpec | null,
  intent: Intent,
): { readonly tokens: number | null; readonly microUsd: number | null; readonly tier: string } {
  const tool = fleet === null ? null : toolSpec(fleet, intent.tool);
  const listed = tool?.costMicroUsd ?? null;
  const microUsd = listed === null ? intent.microUsd : Math.max(listed, intent.microUsd ?? 0);
  return { tokens: intent.tokens, microUsd, tier: tool?.tier ?? 'destructive' };
}

interface Checked {
  readonly isExhausted: boolean;
  readonly lacks: readonly Lack[];
  readonly uses: readonly Use[];
}

const EXHAUSTED: Checked = { isExhausted: true, lacks: [], uses: [] };

function checkRates({ agent, holdings, atMs }: Situation, rates: readonly RateSpec[]): Checked {
  const lacks: Lack[] = [];
  for (const { id, limit, windowMs, shared } of rates) {
    if (shared) {
      if (holdings.available('rate', id, 0) > 0) continue;
      if (holdings.isDry('rate', id, { start: 0, atMs })) return EXHAUSTED;
      lacks.push({ kind: 'rate', limit: id, amount: 1 });
      continue;
    }
    const calls = agent.calls.get(id) ?? [];
    if (calls.filter((callMs) => counts(callMs, windowMs, atMs)).length >= limit) return EXHAUSTED;
  }
  return { isExhausted: false, lacks, uses: [] };
}

/** A call counts for the window's length and until the sub-window it was in has passed whole. */
function counts(callMs: number, windowMs: number, atMs: number): boolean {
  const partMs = windowMs / 60;
  return atMs < (Math.floor(callMs / partMs) + 61) * partMs;
}

interface Wish {
  readonly tokens: number | null;
  readonly microUsd: number | null;
  readonly tier: string;
  readonly own: readonly Use[];
}

function checkBudgets(situation: Situation, budgets: readonly BudgetSpec[], wish: Wish): Checked {
  const { holdings, atMs } = situation;
  const uses: Use[] = [];
  const lacks: Lack[] = [];
  for (const budget of budgets) {
    const { id, shared, windowMs } = budget;
    const start = windowMs === 0 ? 0 : Math.floor(atMs / windowMs) * windowMs;
    const own = wish.own.find((use) => use.budget === id && use.start === start)?.amount ?? 0;
    const left = Math.max(0, leftOf(situation, budget, start) + own);
    const amount = amountOn(budget, wish);
    if (amount.known <= left && !(amount.needsRoom && left === 0)) {
      uses.push({ budget: id, start, amount: amount.known, shared });
      continue;
    }
    if (!shared || holdings.isDry('budget', id, { start, atMs })) return EXHAUSTED;
    lacks.push({ kind: 'budget', limit: id, amount: Math.max(1, amount.known - own) });
  }
  return { isExhausted: false, lacks, uses };
}

/** A call whose cost nobody can say needs a budget that is not used up; a read only in tokens. */
function amountOn(
  { unit }: BudgetSpec,
  wish: Wish,
): { readonly known: number; readonly needsRoom: boolean } {
  const amount = unit === 'calls' ? 1 : wish[unit];
  if (amount !== null) return { known: amount, needsRoom: false };
  return { known: 0, needsRoom: unit === 'tokens' || wish.tier !== 'read' };
}

function leftOf({ agent, holdings }: Situation, budget: BudgetSpec, start: number): number {
  if (budget.shared) return holdings.available('budget', budget.id, start);
  const ledger = agent.ledgers.get(budget.id);
  const ceiling = ledger?.ceiling ?? budget.ceiling;
  return ledger?.start === start ? ceiling - ledger.spent - ledger.reserved : ceiling;
}
