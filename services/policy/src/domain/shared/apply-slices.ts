/**
 * What a record does to the shared limits of a partition. Needs nothing of any agent's state: a
 * record carries every number.
 */

import { limitIdOf, limitSubject, parseSubject } from '@estop/schemas/ids';
import type {
  AuditRecord,
  AuditRecordEvent,
  BudgetUse,
  Settlement,
  SliceAnswer,
  SliceAsk,
} from '@estop/schemas/messages';
import type { PartitionState } from '../state.ts';
import { accountInWindow, forgetReported, limitKey, useOnce } from './account.ts';
import { applyToPool } from './apply-pool.ts';
import { awaitedKey } from './awaited.ts';
import { newPool, type SlicePool } from './pool.ts';
import type { SliceAccount } from './slice-state.ts';

export function applySlices(state: PartitionState, record: AuditRecord): void {
  for (const event of record.events) applySliceEvent(state, record, event);
}

function applySliceEvent(
  state: PartitionState,
  record: AuditRecord,
  event: AuditRecordEvent,
): void {
  const { at } = record;
  switch (event.type) {
    case 'IntentAllowed':
      release(state, event.released);
      reserve(state, event.held, at);
      for (const { rateId, shared } of event.rates) {
        const account = shared ? state.accountByLimit.get(`rate:${rateId}`) : undefined;
        if (account !== undefined) useOnce(account, at);
      }
      return conclude(state, record, event);
    case 'IntentDenied':
      release(state, event.released);
      return conclude(state, record, event);
    case 'ApprovalRequested':
      reserve(state, event.held, at);
      return conclude(state, record, event);
    case 'OutcomeRecorded':
    case 'HoldExpired':
      return settle(state, event.settled);
    case 'IntentAwaited':
      return awaitSlice(state, record, event);
    case 'SliceRequested':
      return requested(state, event.ask, at);
    case 'SliceReceived':
      return received(state, event.answer);
    case 'SliceOfferReceived': {
      const account = state.accountByLimit.get(limitKey(event));
      if (account !== undefined) account.dryUntilMs = 0;
      return undefined;
    }
    case 'SliceAsked':
      return applyToPool(poolOf(state, event.ask), event, at);
    case 'SliceGranted':
      return applyToPool(poolOf(state, event.answer), event, at);
    case 'SliceRecalled':
    case 'SliceOffered':
      return applyToPool(poolOf(state, event), event, at);
    case 'CeilingSet': {
      // An agent's own ceiling is in its own ledger.
      if (record.subject !== limitSubject(event.budgetId)) return undefined;
      const limitId = limitIdOf(event.budgetId);
      return applyToPool(poolOf(state, { kind: 'budget', limitId }), event, at);
    }
    default:
      return undefined;
  }
}

function poolOf(state: PartitionState, ref: Pick<SliceAsk, 'kind' | 'limitId'>): SlicePool {
  const key = limitKey(ref);
  let pool = state.poolByLimit.get(key);
  if (pool === undefined) {
    pool = newPool(ref.kind, ref.limitId);
    state.poolByLimit.set(key, pool);
  }
  return pool;
}

function reserve(state: PartitionState, uses: readonly BudgetUse[], atMs: number): void {
  for (const use of uses) {
    const account = accountOf(state, use);
    if (account === undefined) continue;
    account.reserved += use.amount;
    account.usedAtMs = atMs;
  }
}

function release(state: PartitionState, uses: readonly BudgetUse[]): void {
  for (const use of uses) {
    const account = accountOf(state, use);
    if (account === undefined) continue;
    account.reserved -= use.amount;
    state.changedLimits.add(limitKey(account));
  }
}

function settle(state: PartitionState, settled: readonly Settlement[]): void {
  for (const settlement of settled) {
    const account = accountOf(state, settlement);
    if (account === undefined) continue;
    account.reserved -= settlement.reserved;
    account.spent += settlement.spent;
    if (settlement.spent < settlement.reserved) state.changedLimits.add(limitKey(account));
  }
}

/** The account a shared use counts on; undefined for others, and when its window is over. */
function accountOf(
  state: PartitionState,
  use: Pick<BudgetUse, 'shared' | 'budgetId' | 'windowStart'>,
): SliceAccount | undefined {
  if (!use.shared) return undefined;
  const account = state.accountByLimit.get(`budget:${use.budgetId}`);
  return account?.windowStart === use.windowStart ? account : undefined;
}

function requested(state: PartitionState, ask: SliceAsk, atMs: number): void {
  const account = accountInWindow(state, ask);
  account.sequence = ask.sequence;
  account.granted -= ask.returned;
  forgetReported(account, ask.uses);
  account.open.push({ ask, atMs });
  if (ask.answersRecall) account.recalledSequence = ask.sequence;
}

function received(state: PartitionState, answer: SliceAnswer): void {
  const account = state.accountByLimit.get(limitKey(answer));
  if (account === undefined) return;
  const at = account.open.findIndex(({ ask }) => ask.sequence === answer.sequence);
  const [open] = at < 0 ? [] : account.open.splice(at, 1);
  state.changedLimits.add(limitKey(answer));
  // A slice of a window that is over died with it.
  if (open === undefined || account.windowStart !== answer.windowStart) return;
  const { amount, free, dryUntil } = answer;
  account.granted += amount;
  account.homeFree = free;
  account.dryUntilMs = dryUntil ?? (amount > 0 ? 0 : account.dryUntilMs);
  if (open.ask.least > 0) account.lastGrant = amount;
  if (amount > 0 && answer.sequence > account.recalledSequence) account.recalledSequence = 0;
}

type EventOf<Type extends AuditRecordEvent['type']> = Extract<
  AuditRecordEvent,
  { readonly type: Type }
>;

function awaitSlice(
  state: PartitionState,
  { subject, events }: AuditRecord,
  { intentId, until: untilMs, approved, needs }: EventOf<'IntentAwaited'>,
): void {
  const agent = subject === null ? undefined : parseSubject(subject);
  if (agent?.kind !== 'agent') return;
  const ref = { agentId: agent.id, intentId };
  const known = state.awaitedByKey.get(awaitedKey(ref));
  const proposed = events.find((event) => event.type === 'IntentProposed') ?? known?.proposed;
  const kept = approved ? null : (proposed ?? null);
  state.awaitedByKey.set(awaitedKey(ref), { ...ref, proposed: kept, untilMs, needs });
}

function conclude(
  state: PartitionState,
  record: AuditRecord,
  { intentId }: EventOf<'IntentAllowed' | 'IntentDenied' | 'ApprovalRequested'>,
): void {
  if (state.awaitedByKey.size > 0) state.awaitedByKey.delete(`${record.subject}/${intentId}`);
}
