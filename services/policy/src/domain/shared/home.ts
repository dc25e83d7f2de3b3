/**
 * The home of a shared limit: counts each ask once, grants from what is free, calls back what is
 * unused before it says that there is nothing, and tells those who went without when something
 * came free.
 */

import type { LimitId } from '@estop/schemas/ids';
import { limitSubject } from '@estop/schemas/ids';
import type { AuditRecordEvent, SliceAsk } from '@estop/schemas/messages';
import { windowEndOf } from '../budget-window.ts';
import type { CheckContext } from '../check-context.ts';
import type { Fleet } from '../fleet.ts';
import { type Answer, NOTHING } from '../input.ts';
import { DRY_MS, RECALL_MS, SHARED_LIMITS_MAX } from '../limits.ts';
import { freesAfterMs } from '../rate-window.ts';
import { limitKey } from './account.ts';
import { applyToPool } from './apply-pool.ts';
import type { SliceBody } from './messages.ts';
import {
  copyPool,
  freeIn,
  newPool,
  openWindow,
  type SlicePool,
  usualSlice,
  windowIn,
} from './pool.ts';

/** Answers an ask, or remembers it until what was recalled has come back. */
export function decideAsk(context: CheckContext, ask: SliceAsk): Answer {
  const known = context.state.poolByLimit.get(limitKey(ask));
  if (known === undefined && context.state.poolByLimit.size >= SHARED_LIMITS_MAX) {
    const detail = `${SHARED_LIMITS_MAX} shared limits have their home here: no more are counted`;
    return { kind: 'dead-letter', reason: 'too-large', detail };
  }
  const party = known?.partyByPartition.get(ask.partition);
  const sequence = party?.sequence ?? 0;
  if (ask.sequence <= sequence) {
    const answer = party?.answers.find((one) => one.sequence === ask.sequence);
    // Without an answer it stands in the queue, or is older than anybody can still be waiting for.
    return answer === undefined ? NOTHING : tell({ type: 'GrantSlice', answer });
  }
  // One before it is missing; both are sent again, in order.
  if (ask.sequence !== sequence + 1) return NOTHING;
  const draft = known === undefined ? newPool(ask.kind, ask.limitId) : copyPool(known);
  const asked: AuditRecordEvent = { type: 'SliceAsked', ask };
  applyToPool(draft, asked, context.atMs);
  return recordOf(ask.limitId, [asked, ...serve(context, draft, 'in time')]);
}

/** Partitions that did not answer a recall in time hold nobody up any longer. */
export function decideRecallTimeout(context: CheckContext, pool: SlicePool): Answer {
  if (!isRecallLate(pool, context.nowMs)) return NOTHING;
  const events = serve(context, copyPool(pool), 'too late');
  return events.length === 0 ? NOTHING : recordOf(pool.limitId, events);
}

export function isRecallLate({ recall }: SlicePool, nowMs: number): boolean {
  return recall !== null && nowMs >= recall.untilMs;
}

/** What follows when a person has set a ceiling: those who went without are told. */
export function afterCeiling(
  context: CheckContext,
  pool: SlicePool,
  set: AuditRecordEvent,
): readonly AuditRecordEvent[] {
  const draft = copyPool(pool);
  applyToPool(draft, set, context.atMs);
  return serve(context, draft, 'in time');
}

/** Where the limit stands in the fleet in force. */
export function ceilingOf(fleet: Fleet | null, pool: SlicePool): number | undefined {
  const { kind, limitId } = pool;
  if (kind === 'rate') return fleet?.sharedRateById.get(limitId)?.limit;
  const budget = fleet?.sharedBudgetById.get(limitId);
  return budget === undefined ? undefined : (pool.ceiling ?? budget.ceiling);
}

/** Grants what can be granted, in the order of the queue. The draft takes each event as it is made. */
function serve(
  context: CheckContext,
  draft: SlicePool,
  recalled: 'in time' | 'too late',
): readonly AuditRecordEvent[] {
  const { atMs, nowMs, fleet } = context;
  const moment = {
    ceiling: ceilingOf(fleet, draft) ?? 0,
    atMs,
    nowMs,
  };
  const events: AuditRecordEvent[] = [];
  const emit = (event: AuditRecordEvent): void => {
    events.push(event);
    applyToPool(draft, event, atMs);
  };
  // Whoever waits for nothing is answered at once.
  for (const ask of draft.queue.filter(({ need }) => need === 0)) {
    emit(granted(context, draft, { ask, moment, amount: usual(draft, ask, moment) }));
  }
  let isLate = recalled === 'too late';
  for (let ask = draft.queue[0]; ask !== undefined; ask = draft.queue[0]) {
    const called = isLate ? 'nobody' : callBack(draft, ask, moment);
    isLate = false;
    if (called !== 'nobody') {
      if (called !== 'already') emit(called);
      break;
    }
    emit(granted(context, draft, { ask, moment, amount: amountFor(draft, ask, moment) }));
  }
  for (const event of offers(draft, moment)) emit(event);
  return events;
}

/** Before an ask goes without, everybody is asked for what they do not use. */
function callBack(
  draft: SlicePool,
  ask: SliceAsk,
  moment: Moment,
): AuditRecordEvent | 'already' | 'nobody' {
  if (freeFor(draft, ask, moment) >= ask.need) return 'nobody';
  if (draft.recall !== null) return draft.recall.open.length > 0 ? 'already' : 'nobody';
  const partitions = holders(draft, ask);
  return partitions.length > 0 ? recall(ask, partitions, moment) : 'nobody';
}

function amountFor(draft: SlicePool, ask: SliceAsk, moment: Moment): number {
  const free = freeFor(draft, ask, moment);
  const most = Math.max(ask.need, usual(draft, ask, moment));
  return free >= ask.least ? Math.min(free, most) : 0;
}

interface Moment {
  readonly ceiling: number;
  readonly atMs: number;
  readonly nowMs: number;
}

function freeFor(pool: SlicePool, ask: SliceAsk, moment: Moment): number {
  const window = openWindow(pool, ask, moment.atMs);
  return window === undefined ? 0 : Math.max(0, freeIn(pool, window, moment));
}

/** What is granted beyond need; nothing to whom only gives back. */
function usual(pool: SlicePool, ask: SliceAsk, moment: Moment): number {
  const window = openWindow(pool, ask, moment.atMs);
  if (window === undefined || ask.least === 0) return 0;
  return usualSlice(window, freeFor(pool, ask, moment));
}

function granted(
  { fleet, atMs, nowMs }: CheckContext,
  pool: SlicePool,
  to: { readonly ask: SliceAsk; readonly moment: Moment; readonly amount: number },
): AuditRecordEvent {
  const { ask, moment, amount } = to;
  const { kind, limitId, windowStart, partition, sequence, need } = ask;
  const free = freeFor(pool, ask, moment) - amount;
  const dryUntil = amount >= need ? null : dryUntilMs(fleet, pool, { atMs, nowMs });
  const slice = { kind, limitId, windowStart, partition, sequence, amount, free, dryUntil };
  return { type: 'SliceGranted', answer: slice };
}

function dryUntilMs(
  fleet: Fleet | null,
  pool: SlicePool,
  { atMs, nowMs }: Pick<CheckContext, 'atMs' | 'nowMs'>,
): number {
  const budget = pool.kind === 'budget' ? fleet?.sharedBudgetById.get(pool.limitId) : undefined;
  const end = budget === undefined ? null : windowEndOf(budget.window, atMs);
  const freesMs = pool.used === null ? 0 : freesAfterMs(pool.used, atMs);
  const soonest = freesMs > 0 ? atMs + freesMs : Number.POSITIVE_INFINITY;
  return Math.min(nowMs + DRY_MS, end ?? Number.POSITIVE_INFINITY, soonest);
}

/** Partitions that may hold what they do not use. Those recalled before give it back on their own. */
function holders(pool: SlicePool, ask: SliceAsk): readonly number[] {
  const out = windowIn(pool, ask.windowStart)?.outByPartition ?? new Map<number, number>();
  return [...out]
    .filter(([partition, amount]) => amount > 0 && partition !== ask.partition)
    .filter(([partition]) => pool.partyByPartition.get(partition)?.recalled !== true)
    .map(([partition]) => partition)
    .sort((one, other) => one - other);
}

function recall(ask: SliceAsk, partitions: readonly number[], { nowMs }: Moment): AuditRecordEvent {
  const { kind, limitId, windowStart, partition: requester } = ask;
  const until = nowMs + RECALL_MS;
  return { type: 'SliceRecalled', kind, limitId, windowStart, until, requester, partitions };
}

/** Those who went without hear of it when there is more than there was then. */
function offers(pool: SlicePool, moment: Moment): readonly AuditRecordEvent[] {
  if (pool.queue.length > 0) return [];
  const { kind, limitId } = pool;
  return pool.windows.flatMap((window): readonly AuditRecordEvent[] => {
    const { windowStart } = window;
    const free = freeIn(pool, window, moment);
    const partitions = [...window.shortByPartition]
      .filter(([, freeThen]) => free > freeThen)
      .map(([partition]) => partition)
      .sort((one, other) => one - other);
    if (partitions.length === 0) return [];
    return [{ type: 'SliceOffered', kind, limitId, windowStart, partitions }];
  });
}

function recordOf(limitId: LimitId, events: readonly AuditRecordEvent[]): Answer {
  return { kind: 'record', subject: limitSubject(limitId), events };
}

function tell(body: SliceBody): Answer {
  return { kind: 'tell', bodies: [body] };
}
