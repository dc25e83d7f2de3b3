/**
 * A partition that spends from slices: when it asks for more, what it does with answers, and what
 * it gives back.
 */

import { limitSubject } from '@estop/schemas/ids';
import type {
  AuditRecordEvent,
  OfferSlice,
  RecallSlice,
  SliceAnswer,
  SliceAsk,
  SliceNeed,
} from '@estop/schemas/messages';
import type { CheckContext } from '../check-context.ts';
import { type Answer, NOTHING } from '../input.ts';
import { ASK_AGAIN_MS, SHARED_LIMITS_MAX, SLICE_ASKS_MAX, SLICE_IDLE_MS } from '../limits.ts';
import type { PartitionState } from '../state.ts';
import { availableOf, isAsking, isDry, type LimitRef, limitKey, unreported } from './account.ts';
import { needsOf } from './awaited.ts';
import type { AwaitedRef, SliceAccount } from './slice-state.ts';

/** An intent's lack of a shared limit. */
export interface Lack extends LimitRef {
  readonly amount: number;
}

/** What came free of a slice. */
export interface FreedSlice extends Pick<LimitRef, 'kind' | 'limitId' | 'windowStart'> {
  readonly amount: number;
}

/** Asks for what waiting intents lack, unless an answer is on its way. */
export function askForLacks(
  state: PartitionState,
  asker: AwaitedRef,
  lacks: readonly Lack[],
): readonly AuditRecordEvent[] {
  return lacks.flatMap((lack): readonly AuditRecordEvent[] => {
    const account = state.accountByLimit.get(limitKey(lack));
    if (isAsking(account) || !mayAsk(account)) return [];
    const amounts = [...needsOf(state, lack, asker), lack.amount];
    const available = availableOf(account, lack);
    const need = Math.max(1, amounts.reduce((sum, amount) => sum + amount, 0) - available);
    const least = Math.max(1, Math.min(...amounts) - available);
    return [requested(state, lack, { need, least, returned: 0, answersRecall: false })];
  });
}

/** Asks for the next slice when the last one is half used. */
export function askAhead(
  state: PartitionState,
  ref: LimitRef,
  taken: number,
): AuditRecordEvent | undefined {
  const account = state.accountByLimit.get(limitKey(ref));
  if (account === undefined || account.open.length > 0) return undefined;
  if (account.windowStart !== ref.windowStart) return undefined;
  if (2 * (availableOf(account, ref) - taken) >= account.lastGrant) return undefined;
  return requested(state, ref, { need: 0, least: 1, returned: 0, answersRecall: false });
}

/** The home's answer; one that nobody waits for changes nothing. */
export function decideGrant({ state }: CheckContext, answer: SliceAnswer): Answer {
  const account = state.accountByLimit.get(limitKey(answer));
  const isOpen = account?.open.some(({ ask }) => ask.sequence === answer.sequence) === true;
  return isOpen ? recordOf(answer, { type: 'SliceReceived', answer }) : NOTHING;
}

/**
 * Gives back what is unused. What waiting intents need is kept against partitions of a higher
 * number only: two that wait for each other's slices never both keep or both give theirs.
 */
export function decideRecall({ state }: CheckContext, recall: RecallSlice): Answer {
  const account = state.accountByLimit.get(limitKey(recall));
  if (account === undefined || account.windowStart !== recall.windowStart) return NOTHING;
  if (!mayAsk(account)) return NOTHING;
  const ref = refOf(account);
  const wanted =
    recall.requester < state.partition
      ? 0
      : needsOf(state, ref).reduce((sum, amount) => sum + amount, 0);
  const returned = Math.max(0, availableOf(account, ref) - wanted);
  return recordOf(
    recall,
    requested(state, ref, { need: 0, least: 0, returned, answersRecall: true }),
  );
}

/** There is something again: the next intent may ask. */
export function decideOffer({ state, atMs }: CheckContext, offer: OfferSlice): Answer {
  const account = state.accountByLimit.get(limitKey(offer));
  if (account === undefined || account.windowStart !== offer.windowStart) return NOTHING;
  if (account.dryUntilMs <= atMs) return NOTHING;
  const { kind, limitId, windowStart } = offer;
  return recordOf(offer, { type: 'SliceOfferReceived', kind, limitId, windowStart });
}

/** What comes free while the home calls back goes there, unless somebody here waits for it. */
export function giveBackFreed(
  state: PartitionState,
  freed: readonly FreedSlice[],
): readonly AuditRecordEvent[] {
  return freed.flatMap(({ amount, ...of }): readonly AuditRecordEvent[] => {
    const account = state.accountByLimit.get(limitKey(of));
    if (account === undefined || account.recalledSequence === 0) return [];
    if (account.windowStart !== of.windowStart || !mayAsk(account)) return [];
    const ref = refOf(account);
    const wanted = needsOf(state, ref).reduce((sum, amount) => sum + amount, 0);
    const returned = availableOf(account, ref) + amount - wanted;
    if (returned <= 0) return [];
    return [requested(state, ref, { need: 0, least: 0, returned, answersRecall: true })];
  });
}

/** After idle time everything unused goes back, and calls of rates are reported. */
export function decideIdle(context: CheckContext, account: SliceAccount): Answer {
  if (!isIdle(account, context.atMs)) return NOTHING;
  const ref = refOf(account);
  const returned = availableOf(account, ref);
  const ask = { need: 0, least: 0, returned, answersRecall: false };
  return recordOf(account, requested(context.state, ref, ask));
}

export function isIdle(account: SliceAccount, atMs: number): boolean {
  if (account.open.length > 0 || atMs < account.usedAtMs + SLICE_IDLE_MS) return false;
  return availableOf(account, refOf(account)) > 0 || account.uses.length > 0;
}

/** Asks that are without an answer for too long, to be sent again in their order. */
export function asksToRepeat(state: PartitionState, atMs: number): readonly SliceAsk[] {
  const asks: SliceAsk[] = [];
  for (const { open } of state.accountByLimit.values()) {
    const oldest = open[0];
    if (oldest === undefined || atMs < oldest.atMs + ASK_AGAIN_MS) continue;
    asks.push(...open.map(({ ask }) => ask));
  }
  return asks;
}

/** Whether asking the home can help: it has not just said no, and there is room to remember it. */
export function mayGetMore(state: PartitionState, ref: LimitRef, atMs: number): boolean {
  const account = state.accountByLimit.get(limitKey(ref));
  if (account === undefined) return state.accountByLimit.size < SHARED_LIMITS_MAX;
  return !isDry(account, ref, atMs);
}

export function refOf({ kind, limitId, windowStart, windowMs }: SliceAccount): LimitRef {
  return { kind, limitId, windowStart, windowMs };
}

export function needOf({ kind, limitId, amount }: Lack): SliceNeed {
  return { kind, limitId, amount };
}

function mayAsk(account: SliceAccount | undefined): boolean {
  return account === undefined || account.open.length < SLICE_ASKS_MAX;
}

function requested(
  state: PartitionState,
  { kind, limitId, windowStart, windowMs }: LimitRef,
  wish: Pick<SliceAsk, 'need' | 'least' | 'returned' | 'answersRecall'>,
): AuditRecordEvent {
  const account = state.accountByLimit.get(limitKey({ kind, limitId }));
  const sequence = (account?.sequence ?? 0) + 1;
  const uses = unreported(account, windowMs);
  const { partition } = state;
  const about = { kind, limitId, windowStart, windowMs, partition, sequence, uses };
  return { type: 'SliceRequested', ask: { ...about, ...wish } };
}

function recordOf({ limitId }: Pick<LimitRef, 'limitId'>, event: AuditRecordEvent): Answer {
  return { kind: 'record', subject: limitSubject(limitId), events: [event] };
}
