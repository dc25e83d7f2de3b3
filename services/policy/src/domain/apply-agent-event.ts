/** What the events of one agent's record do to that agent's state. */

import type { AuditRecordEvent, Decision } from '@estop/schemas/messages';
import { countActivity, noteTargets } from './activity.ts';
import { changed, withOutcome, withProbe } from './breaker/breaker.ts';
import { decidedIntent } from './decided.ts';
import { allowedDecision, approvedBy, deniedDecision, pendingDecision } from './decision.ts';
import { applyCeiling, applyReleased, applyReserved, applySettled } from './ledger.ts';
import { DECIDED_FORGOTTEN, DECIDED_MAX, LAST_ACTIONS_MAX } from './limits.ts';
import { countCall, emptyRateWindow } from './rate-window.ts';
import { proposedIn, type RecordContext } from './record-context.ts';
import { scheduleExpiry } from './schedule.ts';
import type { AgentState } from './state.ts';

type EventOf<Type extends AuditRecordEvent['type']> = Extract<
  AuditRecordEvent,
  { readonly type: Type }
>;

export function applyAgentEvent(
  agent: AgentState,
  event: AuditRecordEvent,
  context: RecordContext,
): void {
  switch (event.type) {
    case 'IntentAllowed':
      return allow(agent, event, context);
    case 'IntentDenied':
      return deny(agent, event, context);
    case 'ApprovalRequested':
      return pend(agent, event, context);
    case 'ApprovalVoted':
      return vote(agent, event, context);
    case 'OutcomeRecorded':
      return recordOutcome(agent, event, context);
    case 'HoldExpired':
      agent.holdById.delete(event.intentId);
      return applySettled(agent, event.settled);
    case 'AgentSuspended':
      agent.suspended = true;
      return undefined;
    case 'AgentResumed':
      agent.suspended = false;
      return undefined;
    case 'BreakerChanged':
      return changeBreaker(agent, event, context);
    case 'CeilingSet':
      return applyCeiling(agent, event.budgetId, event.ceiling);
    default:
      return undefined;
  }
}

function allow(agent: AgentState, event: EventOf<'IntentAllowed'>, context: RecordContext): void {
  const { at } = context.record;
  const pending = agent.pendingById.get(event.intentId);
  const proposed = pending ?? proposedIn(context, event.intentId);
  if (pending !== undefined) {
    applyReleased(agent, pending.held);
    agent.pendingById.delete(event.intentId);
  }
  applyReserved(agent, event.held);
  if (agent.breaker.mode === 'half-open') startProbe(agent, event, context);
  if (event.held.some((use) => use.amount > 0)) hold(agent, event, context);
  for (const { rateId, windowMs } of event.rates) {
    let window = agent.rateById.get(rateId);
    if (window === undefined || window.windowMs !== windowMs) {
      window = emptyRateWindow(windowMs);
      agent.rateById.set(rateId, window);
    }
    countCall(window, at);
  }
  countActivity(agent.activity, at, { calls: 1, microUsd: proposed.microUsd });
  noteTargets(agent.activity, at, proposed.targets);
  agent.allowed += 1;
  conclude(agent, allowedDecision(event, context, pending?.decision), context);
}

function startProbe(
  agent: AgentState,
  { intentId, holdUntil }: EventOf<'IntentAllowed'>,
  { state }: RecordContext,
): void {
  agent.breaker = withProbe(agent.breaker, intentId, holdUntil);
  scheduleExpiry(state.schedule, agent.id, holdUntil);
}

function changeBreaker(
  agent: AgentState,
  event: EventOf<'BreakerChanged'>,
  { state, record }: RecordContext,
): void {
  agent.breaker = changed(agent.breaker, event, record);
  if (event.until !== null) scheduleExpiry(state.schedule, agent.id, event.until);
}

function hold(agent: AgentState, event: EventOf<'IntentAllowed'>, context: RecordContext): void {
  agent.holdById.set(event.intentId, { uses: event.held, untilMs: event.holdUntil });
  scheduleExpiry(context.state.schedule, agent.id, event.holdUntil);
}

function deny(agent: AgentState, event: EventOf<'IntentDenied'>, context: RecordContext): void {
  const pending = agent.pendingById.get(event.intentId);
  if (pending !== undefined) {
    applyReleased(agent, pending.held);
    agent.pendingById.delete(event.intentId);
  }
  countActivity(agent.activity, context.record.at, { denied: 1 });
  agent.denied += 1;
  conclude(agent, deniedDecision(event, context, pending?.decision), context);
}

function pend(
  agent: AgentState,
  event: EventOf<'ApprovalRequested'>,
  context: RecordContext,
): void {
  const { intent, tokens, microUsd, targets } = proposedIn(context, event.intentId);
  const { approvalId, reason, held, expiresAt, gates } = event;
  const decision = pendingDecision(event, context);
  applyReserved(agent, held);
  agent.pendingById.set(event.intentId, {
    intent,
    approvalId,
    reason,
    held,
    expiresAt,
    gates,
    tokens,
    microUsd,
    targets,
    decision,
  });
  scheduleExpiry(context.state.schedule, agent.id, expiresAt);
  note(agent, decision);
}

function vote(agent: AgentState, event: EventOf<'ApprovalVoted'>, context: RecordContext): void {
  const pending = agent.pendingById.get(event.intentId);
  if (pending === undefined || event.vote !== 'approve') return;
  pending.decision = approvedBy(pending.decision, event.person, context);
}

function recordOutcome(
  agent: AgentState,
  event: EventOf<'OutcomeRecorded'>,
  context: RecordContext,
): void {
  const { intentId, status } = event.outcome;
  agent.holdById.delete(intentId);
  applySettled(agent, event.settled);
  const decided = agent.decidedById.get(intentId);
  if (decided !== undefined) decided.outcome = status;
  // One that failed changes the breaker by an event.
  if (status === 'ok' || status === 'cancelled') {
    if (agent.breaker.mode === 'half-open')
      agent.breaker = withOutcome(agent.breaker, intentId, status);
  }
  if (status === 'error') countActivity(agent.activity, context.record.at, { errors: 1 });
}

/** Remembers a final decision, and forgets what is beyond the bounds. */
function conclude(agent: AgentState, decision: Decision, context: RecordContext): void {
  const { decidedById } = agent;
  const decided = decidedIntent(context.state.decisionKinds, decision);
  decidedById.set(decision.intentId, decided);
  if (decidedById.size > DECIDED_MAX) forgetOldest(agent);
  note(agent, decision);
}

/**
 * Many at a time and seldom: whoever looks for the oldest entry of a Map passes over the places of
 * all that were removed before it.
 */
function forgetOldest({ decidedById }: AgentState): void {
  for (const intentId of decidedById.keys()) {
    if (decidedById.size <= DECIDED_MAX - DECIDED_FORGOTTEN) return;
    decidedById.delete(intentId);
  }
}

function note(agent: AgentState, { intentId, tool, decision, reason, at }: Decision): void {
  agent.lastActions.push({ intentId, tool, decision, reason, at });
  if (agent.lastActions.length > LAST_ACTIONS_MAX) agent.lastActions.shift();
}
