/**
 * The decider: state, input and time in, events out. Pure and total; the same log gives the same
 * answers. What an input means is in the file of its kind; the order of checks is in check-intent.
 */

import { type AgentId, agentSubject, type BudgetId } from '@estop/schemas/ids';
import type { AuditRecordEvent, Outcome } from '@estop/schemas/messages';
import { expiredEvent } from './approvals.ts';
import { changeByProbes, seatOf, termsOf } from './breaker/changes.ts';
import type { CheckContext } from './check-context.ts';
import { decideCommand } from './decide-command.ts';
import { decideIntent } from './decide-intent.ts';
import type { FleetBudget } from './fleet.ts';
import { decideHalt } from './halts.ts';
import { type Answer, type Input, NOTHING } from './input.ts';
import { expire, settle } from './ledger.ts';
import { EXPIRY_EVENTS_MAX } from './limits.ts';
import { asksAfterFreeing } from './shared/freed.ts';
import { decideIdle } from './shared/holder.ts';
import { decideRecallTimeout } from './shared/home.ts';
import { decideResume } from './shared/resume.ts';
import { initialAgent } from './state.ts';

/** Decides one input at a time that is not before the state's last one. */
export function decide(context: CheckContext, input: Input): Answer {
  const answer = decideInput(context, input);
  if (answer.kind !== 'record') return answer;
  const asks = asksAfterFreeing(context.state, answer.events);
  return asks.length === 0 ? answer : { ...answer, events: [...answer.events, ...asks] };
}

function decideInput(context: CheckContext, input: Input): Answer {
  switch (input.type) {
    case 'intent':
      return decideIntent(context, input.intent, input.digest);
    case 'outcome':
      return decideOutcome(context, input.outcome);
    case 'command':
      return decideCommand(context, input.command);
    case 'halt':
      return decideHalt(context.state, input.halt);
    case 'fleet':
      return context.state.fleetHash === input.hash
        ? NOTHING
        : { kind: 'record', subject: null, events: [{ type: 'FleetActivated', hash: input.hash }] };
    case 'expiry':
      return decideExpiry(context, input.agentId);
    case 'resume':
      return decideResume(context, input.awaited);
    case 'slice-idle':
      return decideIdle(context, input.account);
    case 'recall-late':
      return decideRecallTimeout(context, input.pool);
  }
}

function decideOutcome(context: CheckContext, outcome: Outcome): Answer {
  if ((outcome.tokens ?? 0) < 0 || (outcome.microUsd ?? 0) < 0) {
    return { kind: 'dead-letter', reason: 'malformed', detail: 'a reported cost is negative' };
  }
  const agent = context.state.agentById.get(outcome.agentId);
  const decided = agent?.decidedById.get(outcome.intentId);
  if (agent === undefined || decided?.kind.decision !== 'allow') {
    const detail = `no allowed intent ${outcome.intentId} of ${outcome.agentId} is known`;
    return { kind: 'dead-letter', reason: 'unknown-subject', detail };
  }
  if (decided.outcome !== null) return NOTHING;
  const hold = agent.holdById.get(outcome.intentId);
  const inFleet = context.fleet?.agentById.get(outcome.agentId);
  const budgets: readonly FleetBudget[] =
    inFleet === undefined ? [] : (context.fleet?.limitsOfAgent(inFleet).budgets ?? []);
  const budgetOf = (id: BudgetId) => budgets.find((budget) => budget.id === id);
  const settled = settle({ state: context.state, agent }, hold?.uses ?? [], { outcome, budgetOf });
  const event: AuditRecordEvent = { type: 'OutcomeRecorded', outcome, settled };
  const terms = termsOf(context, outcome.agentId);
  const change = changeByProbes(agent.breaker, [event], { terms, atMs: context.atMs });
  const events = change === null ? [event] : [event, change];
  return { kind: 'record', subject: agentSubject(outcome.agentId), events };
}

function decideExpiry(context: CheckContext, agentId: AgentId): Answer {
  const agent = context.state.agentById.get(agentId) ?? initialAgent(agentId);
  const events: AuditRecordEvent[] = [];
  for (const pending of agent.pendingById.values()) {
    if (events.length === EXPIRY_EVENTS_MAX) break;
    if (pending.expiresAt <= context.atMs) events.push(expiredEvent(pending));
  }
  for (const [intentId, hold] of agent.holdById) {
    if (events.length === EXPIRY_EVENTS_MAX) break;
    if (hold.untilMs > context.atMs) continue;
    events.push({ type: 'HoldExpired', intentId, settled: expire(hold.uses) });
  }
  // Its breaker comes last, in the same record as the holds of its probes.
  const { breaker, change } = seatOf(context, { agentId, tool: null });
  const trying = { terms: termsOf(context, agentId), atMs: context.atMs };
  const next = change ?? changeByProbes(breaker, events, trying);
  if (next !== null) events.push(next);
  if (events.length === 0) return NOTHING;
  return { kind: 'record', subject: agentSubject(agentId), events };
}
