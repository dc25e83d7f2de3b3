/** From a verdict on an intent to the facts that go into the log. */

import { agentSubject, approvalIdOf, limitIdOf } from '@estop/schemas/ids';
import type { AuditRecordEvent, BudgetUse, Intent, RateUse } from '@estop/schemas/messages';
import type { ApprovalTerms } from './authorize.ts';
import { STEP_UP_TERMS } from './breaker/check-seat.ts';
import type { CheckContext } from './check-context.ts';
import type { Verdict } from './check-intent.ts';
import { type Denial, deny } from './denial.ts';
import { expireBeyondBound } from './holds.ts';
import { APPROVAL_FINANCIAL_MS, APPROVAL_MS, AWAIT_MS, AWAITED_MAX, HOLD_MS } from './limits.ts';
import { awaitedOf } from './shared/awaited.ts';
import { askAhead, askForLacks, type Lack, needOf } from './shared/holder.ts';
import type { AwaitedIntent } from './shared/slice-state.ts';
import type { PendingIntent } from './state.ts';

export interface Judged {
  readonly intent: Intent;
  /** Its people have said yes; null: nobody was asked yet. */
  readonly approved: PendingIntent | null;
}

/** Empty when an intent that waits for a slice waits on and nothing is new. */
export function verdictEvents(
  context: CheckContext,
  judged: Judged,
  verdict: Verdict,
): readonly AuditRecordEvent[] {
  switch (verdict.kind) {
    case 'deny':
      return [deniedEvent(judged, verdict)];
    case 'allow':
      return allowedEvents(context, judged, verdict);
    case 'wait':
      return awaitEvents(context, judged, verdict.lacks);
    case 'pend':
      if (judged.approved === null) return pendEvents(context, judged, verdict);
      return [
        deniedEvent(
          judged,
          deny('policy-error', 'the rules still ask for an approval after it was granted', verdict),
        ),
      ];
  }
}

export function deniedEvent({ intent, approved }: Judged, denial: Denial): AuditRecordEvent {
  const { reason, message, rules, retryAfterMs } = denial;
  const released = sharedOf(approved?.held ?? []);
  const { intentId } = intent;
  return { type: 'IntentDenied', intentId, reason, message, rules, retryAfterMs, released };
}

/** Slices are counted without any agent's state, so the event says what goes back to them. */
export function sharedOf(uses: readonly BudgetUse[]): readonly BudgetUse[] {
  return uses.some(({ shared }) => shared) ? uses.filter(({ shared }) => shared) : NO_USES;
}

const NO_USES: readonly BudgetUse[] = [];

function allowedEvents(
  context: CheckContext,
  { intent, approved }: Judged,
  { rules, held, rates }: Extract<Verdict, { readonly kind: 'allow' }>,
): readonly AuditRecordEvent[] {
  const { state, atMs } = context;
  const agent = state.agentById.get(intent.agentId);
  const allowed: AuditRecordEvent = {
    type: 'IntentAllowed',
    intentId: intent.intentId,
    reason: approved === null ? 'permitted' : 'approved',
    rules,
    held,
    rates,
    holdUntil: atMs + HOLD_MS,
    released: sharedOf(approved?.held ?? []),
  };
  const expired = agent === undefined ? [] : expireBeyondBound(agent);
  return [...expired, allowed, ...fetchAhead(context, held, rates)];
}

function pendEvents(
  context: CheckContext,
  { intent }: Judged,
  { rules, held, terms, stepUp }: Extract<Verdict, { readonly kind: 'pend' }>,
): readonly AuditRecordEvent[] {
  const { intentId, agentId } = intent;
  const tier = context.fleet?.toolOf(intent.tool).tier ?? 'destructive';
  const waitMs = terms.expiresMs ?? (tier === 'financial' ? APPROVAL_FINANCIAL_MS : APPROVAL_MS);
  const requested: AuditRecordEvent = {
    type: 'ApprovalRequested',
    intentId,
    approvalId: approvalIdOf(agentId, intentId),
    reason: stepUp === null ? 'approval-required' : 'step-up',
    message: pendMessage(terms, rules, stepUp),
    rules,
    held,
    expiresAt: context.atMs + waitMs,
    quorum: terms.quorum,
    approvers: terms.approvers,
    gates: terms.gates,
    severity: terms.severity,
  };
  return [requested, ...fetchAhead(context, held, [])];
}

/** The breaker's words, and behind them what rules ask besides. */
function pendMessage(
  terms: ApprovalTerms,
  rules: readonly string[],
  stepUp: string | null,
): string {
  if (stepUp === null) return approvalMessage(terms, rules);
  return terms === STEP_UP_TERMS ? stepUp : `${stepUp}; ${approvalMessage(terms, rules)}`;
}

function approvalMessage({ reason, gates }: ApprovalTerms, rules: readonly string[]): string {
  const text = reason ?? `a person must approve: ${rules.join(', ')}`;
  const asked = new Set(
    gates.map(({ approvers, quorum }) => `${quorum} of ${approvers.join(', ') || 'all approvers'}`),
  );
  return asked.size < 2 ? text : `${text} (${[...asked].join(' and ')})`;
}

function awaitEvents(
  context: CheckContext,
  judged: Judged,
  lacks: readonly Lack[],
): readonly AuditRecordEvent[] {
  const { state, nowMs } = context;
  const { intent, approved } = judged;
  const earlier = awaitedOf(state, intent);
  if (earlier === undefined && state.awaitedByKey.size >= AWAITED_MAX) {
    return [deniedEvent(judged, noRoomToWait(lacks))];
  }
  if (earlier !== undefined && nowMs >= earlier.untilMs)
    return [deniedEvent(judged, tooLate(lacks))];
  const asks = askForLacks(state, intent, lacks);
  const needs = lacks.map(needOf);
  if (earlier !== undefined && isCovered(earlier, needs)) return asks;
  const awaited: AuditRecordEvent = {
    type: 'IntentAwaited',
    intentId: intent.intentId,
    until: earlier?.untilMs ?? nowMs + AWAIT_MS,
    approved: approved !== null,
    needs,
  };
  return [awaited, ...asks];
}

/** What it lacked first may be there by now: that is no news. */
function isCovered(earlier: AwaitedIntent, needs: AwaitedIntent['needs']): boolean {
  return needs.every(({ kind, limitId, amount }) => {
    return earlier.needs.some((then) => {
      return then.kind === kind && then.limitId === limitId && then.amount >= amount;
    });
  });
}

function tooLate(lacks: readonly Lack[]): Denial {
  return denyFor(lacks, `its home granted nothing within ${AWAIT_MS} ms`);
}

function noRoomToWait(lacks: readonly Lack[]): Denial {
  return denyFor(lacks, `${AWAITED_MAX} intents wait for slices already`);
}

function denyFor(lacks: readonly Lack[], why: string): Denial {
  const reason = lacks.some(({ kind }) => kind === 'budget') ? 'budget-exhausted' : 'rate-limited';
  const limits = lacks.map(({ limitId }) => limitId).join(', ');
  return deny(reason, `${limits}: ${why}`, { retryAfterMs: AWAIT_MS });
}

/** Asks for the next slices while there is something left of the last ones. */
function fetchAhead(
  { state }: CheckContext,
  held: readonly BudgetUse[],
  rates: readonly RateUse[],
): readonly AuditRecordEvent[] {
  if (state.accountByLimit.size === 0) return NO_EVENTS;
  const events: AuditRecordEvent[] = [];
  for (const { budgetId, windowStart, amount, shared } of held) {
    if (!shared) continue;
    const ref = { kind: 'budget', limitId: limitIdOf(budgetId), windowStart, windowMs: 0 } as const;
    const event = askAhead(state, ref, amount);
    if (event !== undefined) events.push(event);
  }
  for (const { rateId, windowMs, shared } of rates) {
    if (!shared) continue;
    const ref = { kind: 'rate', limitId: limitIdOf(rateId), windowStart: 0, windowMs } as const;
    const event = askAhead(state, ref, 1);
    if (event !== undefined) events.push(event);
  }
  return events;
}

const NO_EVENTS: readonly AuditRecordEvent[] = [];

/** The answer that records these events about the intent's agent. */
export function aboutAgent(intent: Intent, events: readonly AuditRecordEvent[]) {
  return { kind: 'record', subject: agentSubject(intent.agentId), events } as const;
}
