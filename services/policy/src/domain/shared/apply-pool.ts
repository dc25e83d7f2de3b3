/** What events do to a pool, the same while deciding and while folding. */
import type { AuditRecordEvent, SliceAnswer, SliceAsk } from '@estop/schemas/messages';
import { SLICE_ASKS_MAX } from '../limits.ts';
import { addCalls, bucketOf, emptyRateWindow, type RateWindow, usedOf } from '../rate-window.ts';
import {
  isWindowOver,
  POOL_WINDOWS_KEPT,
  type PoolWindow,
  partyOf,
  type SlicePool,
  windowEndOfAsk,
  windowIn,
} from './pool.ts';

export function applyToPool(pool: SlicePool, event: AuditRecordEvent, atMs: number): void {
  switch (event.type) {
    case 'SliceAsked':
      return asked(pool, event.ask, atMs);
    case 'SliceGranted':
      return granted(pool, event.answer, atMs);
    case 'SliceRecalled': {
      const { windowStart, until: untilMs, partitions } = event;
      pool.recall = { untilMs, windowStart, open: [...partitions] };
      return undefined;
    }
    case 'SliceOffered': {
      const window = windowIn(pool, event.windowStart);
      for (const partition of event.partitions) window?.shortByPartition.delete(partition);
      return undefined;
    }
    case 'CeilingSet':
      pool.ceiling = event.ceiling;
      return undefined;
    default:
      return undefined;
  }
}

function asked(pool: SlicePool, ask: SliceAsk, atMs: number): void {
  const party = partyOf(pool, ask.partition);
  party.sequence = ask.sequence;
  if (ask.answersRecall) {
    party.recalled = true;
    if (pool.recall !== null) remove(pool.recall.open, ask.partition);
  }
  const window = windowIn(pool, ask.windowStart);
  // In a new window nobody has been called back yet.
  if (window?.outByPartition.has(ask.partition) !== true) party.recalled = ask.answersRecall;
  if (window !== undefined) {
    window.endMs = laterEnd(window.endMs, windowEndOfAsk(ask));
    takeBack(pool, window, { ask, atMs });
  }
  pool.queue.push(ask);
}

function takeBack(
  pool: SlicePool,
  window: PoolWindow,
  { ask, atMs }: { readonly ask: SliceAsk; readonly atMs: number },
): void {
  let back = ask.returned;
  if (ask.kind === 'rate') {
    pool.used = inWindow(pool.used, ask.windowMs, atMs);
    // The end of a sub-window of the length before the fleet changed it may lie ahead.
    const newest = bucketOf(ask.windowMs, atMs) + 1;
    for (const { bucket, calls } of ask.uses) {
      addCalls(pool.used, { bucket: Math.min(bucket, newest), calls }, atMs);
      back += calls;
    }
  }
  // A partition can give back only what it was granted; anything else would be made of nothing.
  const out = window.outByPartition.get(ask.partition) ?? 0;
  const taken = Math.min(back, out);
  window.outByPartition.set(ask.partition, out - taken);
  window.out -= taken;
}

/**
 * What was used, in windows of another length: all of it as calls of now. Partitions hear of a new
 * length at different times, so that asks of both may come in turn; no call is ever uncounted.
 */
function inWindow(used: RateWindow | null, windowMs: number, atMs: number): RateWindow {
  if (used?.windowMs === windowMs) return used;
  const made = emptyRateWindow(windowMs);
  const calls = used === null ? 0 : usedOf(used, atMs);
  if (calls > 0) addCalls(made, { bucket: bucketOf(windowMs, atMs), calls }, atMs);
  return made;
}

/** A window begins with its first grant, and those that are over are forgotten for it. */
function newWindow(
  { windows }: SlicePool,
  { windowStart, ask }: { readonly windowStart: number; readonly ask: SliceAsk | undefined },
  atMs: number,
): PoolWindow {
  const made: PoolWindow = {
    windowStart,
    endMs: ask === undefined ? null : windowEndOfAsk(ask),
    outByPartition: new Map(),
    out: 0,
    shortByPartition: new Map(),
  };
  windows.push(made);
  while (windows.length > POOL_WINDOWS_KEPT) {
    const over = windows.findIndex((window) => window !== made && isWindowOver(window, atMs));
    if (over < 0) break;
    windows.splice(over, 1);
  }
  return made;
}

function laterEnd(one: number | null, other: number | null): number | null {
  return one === null || other === null ? null : Math.max(one, other);
}

function granted(pool: SlicePool, answer: SliceAnswer, atMs: number): void {
  const { partition, sequence, windowStart, amount, free, dryUntil } = answer;
  const party = partyOf(pool, partition);
  party.answers.push(answer);
  if (party.answers.length > SLICE_ASKS_MAX) party.answers.shift();
  if (amount > 0) party.recalled = false;
  const at = pool.queue.findIndex((a) => a.partition === partition && a.sequence === sequence);
  const [ask] = at < 0 ? [] : pool.queue.splice(at, 1);
  if (at === 0 && ask !== undefined && ask.need > 0) endRecall(pool);
  const known = windowIn(pool, windowStart);
  // Nothing is granted in a window that is over.
  if (known === undefined && amount === 0) return;
  const window = known ?? newWindow(pool, { windowStart, ask }, atMs);
  window.outByPartition.set(partition, (window.outByPartition.get(partition) ?? 0) + amount);
  window.out += amount;
  if (ask === undefined || ask.need === 0) return;
  if (dryUntil === null) window.shortByPartition.delete(partition);
  else window.shortByPartition.set(partition, free);
}

/** Who did not answer has the recall in its inputs and will: nobody has to wait for it again. */
function endRecall(pool: SlicePool): void {
  for (const partition of pool.recall?.open ?? []) partyOf(pool, partition).recalled = true;
  pool.recall = null;
}

function remove(list: number[], item: number): void {
  const at = list.indexOf(item);
  if (at >= 0) list.splice(at, 1);
}
