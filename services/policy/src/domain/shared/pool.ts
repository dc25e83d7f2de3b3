/**
 * A shared limit at its home partition: how much each partition holds. At every moment
 * ceiling ≥ free + what all partitions hold, and a partition spends only what it holds.
 */
import type { LimitId } from '@estop/schemas/ids';
import type { LimitKind, SliceAnswer, SliceAsk } from '@estop/schemas/messages';
import { type RateWindow, usedOf } from '../rate-window.ts';

/** Windows of one budget that are kept though they are over: clocks of partitions differ a little. */
export const POOL_WINDOWS_KEPT = 2;
/** Windows of one budget: as many lengths as fleets may give it within the longest of them. */
export const POOL_WINDOWS_MAX = 16;

export interface SlicePool {
  readonly kind: LimitKind;
  readonly limitId: LimitId;
  /** Ceiling of a budget that a person set; null: the fleet's. */
  ceiling: number | null;
  /** In the order they began here, at most POOL_WINDOWS_MAX; a rate has one. None that is not over is forgotten. */
  readonly windows: PoolWindow[];
  /** Calls of a rate that partitions have reported; null for a budget. */
  used: RateWindow | null;
  readonly partyByPartition: Map<number, SliceParty>;
  /** Asks that wait until something is given back, oldest first. */
  readonly queue: SliceAsk[];
  recall: Recall | null;
}

export interface PoolWindow {
  readonly windowStart: number;
  /** Null: never. Of several lengths that begin together, that of the longest. */
  endMs: number | null;
  /** Budget: granted less given back. Rate: granted, and neither given back nor reported as used. */
  readonly outByPartition: Map<number, number>;
  /** The sum of the above. */
  out: number;
  /** Partitions that went without, with what was free when they were told so. */
  readonly shortByPartition: Map<number, number>;
}

/** One partition as the home knows it. */
export interface SliceParty {
  /** Of the last ask counted. */
  sequence: number;
  /** The last answers, for asks that are repeated; newest last. */
  readonly answers: SliceAnswer[];
  /** It gives back on its own what comes free, until it is granted something. */
  recalled: boolean;
}

/** The home waits for these partitions to give back what they do not use. */
export interface Recall {
  readonly untilMs: number;
  readonly windowStart: number;
  readonly open: number[];
}

export function newPool(kind: LimitKind, limitId: LimitId): SlicePool {
  return {
    kind,
    limitId,
    ceiling: null,
    windows: [],
    used: null,
    partyByPartition: new Map(),
    queue: [],
    recall: null,
  };
}

/** A copy to try events on; nothing of it is shared with the original. */
export function copyPool(pool: SlicePool): SlicePool {
  return {
    ...pool,
    windows: pool.windows.map((window) => ({
      ...window,
      outByPartition: new Map(window.outByPartition),
      shortByPartition: new Map(window.shortByPartition),
    })),
    used:
      pool.used === null
        ? null
        : { ...pool.used, buckets: pool.used.buckets.map((bucket) => ({ ...bucket })) },
    partyByPartition: new Map(
      [...pool.partyByPartition].map(([partition, party]) => {
        return [partition, { ...party, answers: [...party.answers] }];
      }),
    ),
    queue: [...pool.queue],
    recall: pool.recall === null ? null : { ...pool.recall, open: [...pool.recall.open] },
  };
}

export function windowIn(pool: SlicePool, windowStart: number): PoolWindow | undefined {
  return pool.windows.find((window) => window.windowStart === windowStart);
}

/** Below 0 when the ceiling was lowered under what is out. */
export function freeIn(
  pool: SlicePool,
  window: Pick<PoolWindow, 'out'>,
  about: { readonly ceiling: number; readonly atMs: number },
): number {
  const used = pool.used === null ? 0 : usedOf(pool.used, about.atMs);
  return about.ceiling - window.out - used;
}

/** A window in which nothing was granted yet. */
const UNTOUCHED: Pick<PoolWindow, 'out' | 'outByPartition'> = {
  out: 0,
  outByPartition: new Map(),
};

/** When the window of an ask ends, ms; null: never. */
export function windowEndOfAsk({
  kind,
  windowStart,
  windowMs,
}: Pick<SliceAsk, 'kind' | 'windowStart' | 'windowMs'>): number | null {
  return kind === 'rate' || windowMs === 0 ? null : windowStart + windowMs;
}

export function isWindowOver({ endMs }: Pick<PoolWindow, 'endMs'>, atMs: number): boolean {
  return endMs !== null && endMs <= atMs;
}

/**
 * The window of an ask; undefined when it is over and may be one that was forgotten: made again, its
 * ceiling would be granted twice. So it is where there is no room to remember one more.
 */
export function openWindow(
  pool: SlicePool,
  ask: SliceAsk,
  atMs: number,
): Pick<PoolWindow, 'out' | 'outByPartition'> | undefined {
  const known = windowIn(pool, ask.windowStart);
  if (known !== undefined) return known;
  if (isWindowOver({ endMs: windowEndOfAsk(ask) }, atMs)) return undefined;
  const open = pool.windows.filter((window) => !isWindowOver(window, atMs));
  return open.length < POOL_WINDOWS_MAX ? UNTOUCHED : undefined;
}

/** How much to grant beyond what is needed: less and less, the less is left. */
export function usualSlice(window: Pick<PoolWindow, 'outByPartition'>, free: number): number {
  let holders = 1;
  for (const out of window.outByPartition.values()) if (out > 0) holders += 1;
  return Math.max(0, Math.floor(free / (2 * holders)));
}

export function partyOf(pool: SlicePool, partition: number): SliceParty {
  let party = pool.partyByPartition.get(partition);
  if (party === undefined) {
    party = { sequence: 0, answers: [], recalled: false };
    pool.partyByPartition.set(partition, party);
  }
  return party;
}
