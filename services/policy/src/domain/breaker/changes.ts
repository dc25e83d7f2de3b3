/**
 * When a breaker changes by itself: with time, after a kill, by its probes. The decider works out
 * what is due, an event says it, and the fold only writes it down.
 */

import { scopeCovers } from '@estop/schemas/halts';
import type { AgentId, IntentId, ToolName } from '@estop/schemas/ids';
import type { AuditRecordEvent, BreakerChanged } from '@estop/schemas/messages';
import type { CheckContext } from '../check-context.ts';
import { OPENS_AGE_MS } from '../limits.ts';
import { type AgentState, initialAgent } from '../state.ts';
import { type Breaker, changed, type EndedKill, passedOf } from './breaker.ts';
import { type BreakerTerms, DEFAULT_TERMS } from './terms.ts';

export type BreakerEvent = Extract<AuditRecordEvent, { readonly type: 'BreakerChanged' }>;

/** Whom a call is by; `tool` null: time asks, and no call. */
interface Caller {
  readonly agentId: AgentId;
  readonly tool: ToolName | null;
}

/** The breaker that decides now, and the change that makes it so, when one is due. */
export interface Seat {
  readonly breaker: Breaker;
  readonly change: BreakerEvent | null;
}

/** Nothing is due of most agents at most times, which costs next to nothing. */
export function seatOf(context: CheckContext, caller: Caller): Seat {
  const { state, atMs } = context;
  const agent = state.agentById.get(caller.agentId) ?? initialAgent(caller.agentId);
  const change = dueChange(context, agent, caller.tool);
  if (change === null) return { breaker: agent.breaker, change };
  // The number of its record matters to later inputs alone.
  const breaker = changed(agent.breaker, change, { at: atMs, seq: agent.breaker.triedSeq });
  return { breaker, change };
}

function dueChange(
  context: CheckContext,
  agent: AgentState,
  tool: ToolName | null,
): BreakerEvent | null {
  const { breaker } = agent;
  const { mode, untilMs } = breaker;
  const terms = termsOf(context, agent.id);
  if (untilMs !== null && untilMs <= context.atMs && mode === 'open') {
    const explanation = `the time it was open for is over: ${terms.probes} reads may try`;
    return change(breaker, context.atMs, { to: 'half-open', cause: 'time-over', explanation });
  }
  const late = mode === 'half-open' ? lateProbe(breaker, context.atMs) : undefined;
  if (late !== undefined) return probeFailed(breaker, late, { terms, atMs: context.atMs });
  // One that is open lets less through than a kill that is over asks for, and is tried in its time.
  const kill = mode === 'open' ? undefined : unpaidKill(context, agent, tool);
  if (kill !== undefined) {
    const explanation = `kill ${kill.haltId} (epoch ${kill.epoch}) is over, by ${kill.by}`;
    return change(breaker, context.atMs, { to: 'half-open', cause: 'kill-lifted', explanation });
  }
  if (untilMs === null || untilMs > context.atMs) return null;
  const explanation = 'the time for asking a person is over';
  return change(breaker, context.atMs, { to: 'closed', cause: 'time-over', explanation });
}

/**
 * A kill over this call that ended after the agent was last tried. Nothing was killed of one whose
 * first record is newer, unless the kill names it.
 */
function unpaidKill(
  { state, fleet }: CheckContext,
  { id, firstSeq, breaker }: AgentState,
  tool: ToolName | null,
): EndedKill | undefined {
  if (state.endedKillByScope.size === 0) return undefined;
  const groups = fleet?.agentById.get(id)?.groups ?? [];
  for (const kill of state.endedKillByScope.values()) {
    if (kill.seq <= breaker.triedSeq) continue;
    const isNewer = firstSeq === null || kill.seq <= firstSeq;
    if (isNewer && kill.scope.agent === null) continue;
    if (scopeCovers(kill.scope, { agentId: id, groups, tool })) return kill;
  }
  return undefined;
}

type Change = Pick<BreakerChanged, 'to' | 'cause' | 'explanation'> & Partial<BreakerChanged>;

/** The event that changes a breaker. It ends by itself, and counts as opened, as `to` says. */
export function change(breaker: Breaker, atMs: number, { to, ...more }: Change): BreakerEvent {
  const opens = opensLately(breaker, atMs);
  const isOpening = to === 'open' && breaker.mode !== 'open';
  return {
    type: 'BreakerChanged',
    from: breaker.mode,
    to,
    until: null,
    opens: isOpening ? opens + 1 : opens,
    signal: null,
    evidence: null,
    proposesKill: false,
    ...more,
  };
}

function opensLately({ opens, openedMs }: Breaker, atMs: number): number {
  return openedMs !== null && atMs - openedMs < OPENS_AGE_MS ? opens : 0;
}

export function termsOf({ fleet }: Pick<CheckContext, 'fleet'>, agentId: AgentId): BreakerTerms {
  return fleet?.breakerTermsOf(agentId) ?? DEFAULT_TERMS;
}

/** By what a breaker is tried, and when. */
export interface TryContext {
  readonly terms: BreakerTerms;
  readonly atMs: number;
}

/** A probe has failed: open again, each time for longer. */
export function probeFailed(
  breaker: Breaker,
  explanation: string,
  { terms, atMs }: TryContext,
): BreakerEvent {
  const openMs = terms.openFirstMs * 2 ** opensLately(breaker, atMs);
  const until = atMs + Math.min(openMs, terms.openMaxMs);
  return change(breaker, atMs, { to: 'open', cause: 'probe-failed', until, explanation });
}

function lateProbe({ probes }: Breaker, atMs: number): string | undefined {
  const late = probes.find(({ passed, untilMs }) => !passed && untilMs <= atMs);
  return late === undefined ? undefined : withoutOutcome(late.intentId);
}

function withoutOutcome(intentId: IntentId): string {
  return `probe ${intentId} had no outcome in time`;
}

/** What the outcomes in a record say of the probes; null: nothing that changes the breaker. */
export function changeByProbes(
  breaker: Breaker,
  events: readonly AuditRecordEvent[],
  context: TryContext,
): BreakerEvent | null {
  if (breaker.mode !== 'half-open') return null;
  const failure = failureIn(breaker, events);
  if (failure !== null) return probeFailed(breaker, failure, context);
  const passed = passedOf(breaker) + (events.some((event) => passes(breaker, event)) ? 1 : 0);
  if (passed < context.terms.probes) return null;
  return closeOf(breaker, context);
}

/** Probes say nothing of what a step-up was for: one whose time is not over holds again. */
function closeOf(breaker: Breaker, { terms, atMs }: TryContext): BreakerEvent {
  const { floor } = breaker;
  if (floor === null || (floor.untilMs ?? Number.POSITIVE_INFINITY) <= atMs) {
    const explanation = `${terms.probes} probes went well`;
    return change(breaker, atMs, { to: 'closed', cause: 'probes-passed', explanation });
  }
  const { untilMs: until, signal, explanation } = floor;
  const why = { signal, explanation };
  return change(breaker, atMs, { to: 'step-up', cause: 'probes-passed', until, ...why });
}

function failureIn(breaker: Breaker, events: readonly AuditRecordEvent[]): string | null {
  for (const event of events) {
    if (event.type === 'HoldExpired' && openProbe(breaker, event.intentId) !== undefined) {
      return withoutOutcome(event.intentId);
    }
    if (event.type !== 'OutcomeRecorded') continue;
    const { intentId, status } = event.outcome;
    const isBad = status === 'error' || status === 'unknown';
    if (isBad && openProbe(breaker, intentId) !== undefined) {
      return `probe ${intentId} ended with ${status}`;
    }
  }
  return null;
}

function passes(breaker: Breaker, event: AuditRecordEvent): boolean {
  if (event.type !== 'OutcomeRecorded' || event.outcome.status !== 'ok') return false;
  return openProbe(breaker, event.outcome.intentId) !== undefined;
}

function openProbe({ probes }: Breaker, intentId: IntentId) {
  return probes.find((probe) => probe.intentId === intentId && !probe.passed);
}
