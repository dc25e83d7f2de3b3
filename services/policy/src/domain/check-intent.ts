/**
 * Steps 3 to 10 of deciding (DESIGN §5), in this order: halt, agent, breaker, rules, arguments,
 * rates, budgets, approval, allow. The same checks run when an intent arrives and again when its
 * approval does.
 */

import { limitIdOf } from '@estop/schemas/ids';
import type { BudgetUse, Intent, RateUse } from '@estop/schemas/messages';
import { recentFacts } from './activity.ts';
import {
  type ApprovalTerms,
  type Authorization,
  authorize,
  authorizeApproved,
} from './authorize.ts';
import type { Breaker } from './breaker/breaker.ts';
import { termsOf } from './breaker/changes.ts';
import { checkSeat, STEP_UP_TERMS, stepUpText } from './breaker/check-seat.ts';
import type { CheckContext } from './check-context.ts';
import { type Denial, deny } from './denial.ts';
import type { FleetAgent, FleetRate, FleetTool, JsonObject, RuleRequest } from './fleet.ts';
import { haltCovering } from './halts.ts';
import { type Holder, reserve } from './ledger.ts';
import { PENDING_MAX } from './limits.ts';
import { freesAfterMs, usedOf } from './rate-window.ts';
import { availableOf } from './shared/account.ts';
import { type Lack, mayGetMore } from './shared/holder.ts';
import { type AgentState, initialAgent, type PartitionState } from './state.ts';
import { amountText, durationText } from './text.ts';
import { untrustedPointers } from './untrusted.ts';

export type Verdict =
  | Denial
  | {
      readonly kind: 'allow';
      readonly rules: readonly string[];
      readonly held: readonly BudgetUse[];
      readonly rates: readonly RateUse[];
    }
  /** Slices of shared limits have too little now, and may get more. */
  | { readonly kind: 'wait'; readonly lacks: readonly Lack[] }
  | {
      readonly kind: 'pend';
      readonly rules: readonly string[];
      readonly held: readonly BudgetUse[];
      readonly terms: ApprovalTerms;
      /** What the breaker says that asks; null: it does not. */
      readonly stepUp: string | null;
    };

/** An intent with what the catalogue says of it. */
export interface KnownIntent {
  readonly intent: Intent;
  readonly tool: FleetTool;
  readonly arguments: JsonObject;
  readonly tokens: number | null;
  /** The dearer of the catalogue's and the agent's figure; null: neither says. */
  readonly microUsd: number | null;
}

/** Who asks: the agent as the fleet says, and what it did so far. */
interface Caller<Agent> {
  readonly agent: Agent;
  readonly agentState: AgentState;
}

interface Situation {
  /** What the intent holds already, when its people have said yes; null: not asked yet. */
  readonly approval: { readonly held: readonly BudgetUse[] } | null;
  /** As it is now, with what is due. */
  readonly breaker: Breaker;
}

export function checkIntent(
  context: CheckContext,
  known: KnownIntent,
  { approval, breaker }: Situation,
): Verdict {
  const { state, fleet } = context;
  const { intent } = known;
  const agent = fleet?.agentById.get(intent.agentId);
  const agentState = state.agentById.get(intent.agentId) ?? initialAgent(intent.agentId);
  const standing =
    checkStanding(context, { agent, agentState }, intent) ??
    checkSeat(breaker, known.tool.tier, {
      terms: termsOf(context, intent.agentId),
      atMs: context.atMs,
    });
  if (standing !== null) return standing;
  // Standing passed, so both are known.
  if (fleet === null || agent === undefined) return deny('agent-unknown', 'no fleet is in force');

  const request = ruleRequest(context, known, { agent, agentState });
  const authorization =
    approval === null ? authorize(fleet.rules, request) : authorizeApproved(fleet.rules, request);
  const denial = checkRulesAndArguments(known, authorization);
  if (denial !== null) return denial;

  const limits = fleet.limitsOf(agent, intent.tool);
  const rated = checkRates({ state, agent: agentState }, limits.rates, context.atMs);
  if (rated.denial !== null) return rated.denial;
  const reservation = reserve({ state, agent: agentState }, limits.budgets, {
    cost: known,
    atMs: context.atMs,
    unknownCostNeedsRoom: known.tool.tier !== 'read',
    alreadyHeld: approval?.held ?? [],
  });
  if (!reservation.ok) return exhausted(reservation);

  if (rated.lacks.length > 0 || reservation.lacks.length > 0) {
    return { kind: 'wait', lacks: [...rated.lacks, ...reservation.lacks] };
  }
  const { rules } = authorization;
  const held = reservation.uses;
  const asked = whoAsks(
    authorization,
    approval === null ? stepUpText(breaker, known.tool.tier) : null,
  );
  if (asked !== null) return checkRoomToWait(agentState) ?? { kind: 'pend', rules, held, ...asked };
  const rates = limits.rates.map(({ id, windowMs, shared }) => ({ rateId: id, windowMs, shared }));
  return { kind: 'allow', rules, held, rates };
}

/** What people are asked by the rules, by the breaker, or by both; null: nobody is asked. */
function whoAsks(
  authorization: Authorization,
  stepUp: string | null,
): { readonly terms: ApprovalTerms; readonly stepUp: string | null } | null {
  if (authorization.verdict === 'approval-required') return { terms: authorization.terms, stepUp };
  return stepUp === null ? null : { terms: STEP_UP_TERMS, stepUp };
}

/** What the rules in force ask of people before this intent; null: they ask nobody. */
export function termsInForce(context: CheckContext, known: KnownIntent): ApprovalTerms | null {
  const { state, fleet } = context;
  const { agentId } = known.intent;
  const agent = fleet?.agentById.get(agentId);
  if (fleet === null || agent === undefined) return null;
  const agentState = state.agentById.get(agentId) ?? initialAgent(agentId);
  const request = ruleRequest(context, known, { agent, agentState });
  const authorization = authorize(fleet.rules, request);
  return authorization.verdict === 'approval-required' ? authorization.terms : null;
}

/** Halt, agent unknown or suspended. */
function checkStanding(
  context: CheckContext,
  { agent, agentState }: Caller<FleetAgent | undefined>,
  intent: Intent,
): Denial | null {
  const caller = agent ?? { id: intent.agentId, groups: [] };
  const halt = haltCovering(context, caller, intent.tool);
  if (halt !== undefined) {
    const why = halt.reason === null ? '' : `: ${halt.reason}`;
    return deny('halted', `halted by ${halt.by}${why} (halt ${halt.haltId}, epoch ${halt.epoch})`);
  }
  if (agent === undefined) {
    const what = context.fleet === null ? 'no fleet is in force' : 'the fleet has no such agent';
    return deny('agent-unknown', `${what}: add ${intent.agentId} to agents.yaml`);
  }
  if (agentState.suspended) return deny('agent-suspended', 'an operator suspended this agent');
  return null;
}

function ruleRequest(
  context: CheckContext,
  known: KnownIntent,
  { agent, agentState }: Caller<FleetAgent>,
): RuleRequest {
  const { intent } = known;
  return {
    agent,
    tool: known.tool,
    arguments: known.arguments,
    untrusted: untrustedPointers(intent.provenance),
    provenance: intent.provenance,
    sessionId: intent.sessionId,
    atMs: context.atMs,
    recent: recentFacts(agentState.activity, context.atMs),
  };
}

/**
 * Rules come before arguments, so that a caller learns nothing about tools it may not use. When a
 * rule could not be evaluated because the arguments break their schema, the schema is the cause.
 */
function checkRulesAndArguments(known: KnownIntent, authorization: Authorization): Denial | null {
  const { rules } = authorization;
  if (authorization.verdict === 'forbidden') {
    const text = authorization.reason ?? `forbidden by ${rules.join(', ')}`;
    return deny('forbidden', text, { rules });
  }
  if (authorization.verdict === 'not-permitted') {
    const what = known.tool.known ? '' : '; the tool is not in tools.yaml';
    const { agentId, tool } = known.intent;
    return deny('not-permitted', `no rule permits ${agentId} to call ${tool}${what}`);
  }
  const problems = known.tool.tier === 'read' ? [] : known.tool.checkArguments(known.arguments);
  if (problems.length > 0) {
    const text = problems.map(({ pointer, detail }) => `${pointer || '/'} ${detail}`).join('; ');
    return deny('invalid-arguments', text);
  }
  if (authorization.verdict === 'error') {
    return deny('policy-error', `a rule could not be evaluated: ${authorization.message}`, {
      rules,
    });
  }
  return null;
}

function checkRates(
  { state, agent }: Holder,
  rates: readonly FleetRate[],
  atMs: number,
): { readonly denial: Denial | null; readonly lacks: readonly Lack[] } {
  const lacks: Lack[] = [];
  for (const rate of rates) {
    if (rate.shared) {
      const lack = lackOfCalls(state, rate);
      if (lack === undefined) continue;
      if (!mayGetMore(state, lack, atMs)) return { denial: rateIsDry(state, rate, atMs), lacks };
      lacks.push(lack);
      continue;
    }
    const window = agent.rateById.get(rate.id);
    const used = window === undefined ? 0 : usedOf(window, atMs);
    if (used < rate.limit) continue;
    const retryAfterMs = window === undefined ? null : freesAfterMs(window, atMs);
    const span = durationText(rate.windowMs);
    const message = `${rate.id}: ${used} of ${rate.limit} calls in the last ${span}`;
    return { denial: deny('rate-limited', message, { retryAfterMs }), lacks };
  }
  return { denial: null, lacks };
}

function lackOfCalls(state: PartitionState, { id, windowMs }: FleetRate): Lack | undefined {
  const ref = { kind: 'rate', limitId: limitIdOf(id), windowStart: 0, windowMs } as const;
  const account = state.accountByLimit.get(`rate:${id}`);
  return availableOf(account, ref) > 0 ? undefined : { ...ref, amount: 1 };
}

function rateIsDry(
  state: PartitionState,
  { id, limit, windowMs }: FleetRate,
  atMs: number,
): Denial {
  const dryUntilMs = state.accountByLimit.get(`rate:${id}`)?.dryUntilMs ?? atMs;
  const message = `${id}: ${limit} calls of all agents in the last ${durationText(windowMs)}`;
  return deny('rate-limited', message, { retryAfterMs: Math.max(0, dryUntilMs - atMs) });
}

function exhausted(failed: Extract<ReturnType<typeof reserve>, { readonly ok: false }>): Denial {
  const { budget, remaining, wanted, retryAfterMs } = failed;
  const left = amountText(budget.unit, remaining);
  const need = amountText(budget.unit, wanted);
  const message = `${budget.id}: ${left} left of ${budget.windowText}, ${need} needed`;
  return deny('budget-exhausted', message, { retryAfterMs });
}

function checkRoomToWait(agent: AgentState): Denial | null {
  if (agent.pendingById.size < PENDING_MAX) return null;
  const message = `${PENDING_MAX} intents of this agent wait for approval already`;
  return deny('rate-limited', message);
}
