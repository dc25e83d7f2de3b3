/** One partition's part of a shared limit, as agents.v1 shows it. The sum of all parts is the whole. */
import type { LimitId } from '@estop/schemas/ids';
import type { LimitHomeView, SharedLimitView } from '@estop/schemas/messages';
import type { Fleet } from '../fleet.ts';
import { budgetRef } from '../ledger.ts';
import { usedOf } from '../rate-window.ts';
import type { PartitionState } from '../state.ts';
import { availableOf, type LimitRef, limitKey } from './account.ts';
import { ceilingOf } from './home.ts';
import { freeIn, type SlicePool, windowIn } from './pool.ts';

/** Null for a limit that is not shared in the fleet in force. */
export function sharedLimitView(
  state: PartitionState,
  fleet: Fleet | null,
  limitId: LimitId,
): SharedLimitView | null {
  const budget = fleet?.sharedBudgetById.get(limitId);
  if (budget !== undefined) {
    const ref = budgetRef(budget, state.atMs);
    return viewOf(state, fleet, { ref, unit: budget.unit, window: budget.windowText });
  }
  const rate = fleet?.sharedRateById.get(limitId);
  if (rate === undefined) return null;
  const ref = { kind: 'rate', limitId, windowStart: 0, windowMs: rate.windowMs } as const;
  return viewOf(state, fleet, { ref, unit: 'calls', window: `${rate.windowMs} ms` });
}

function viewOf(
  state: PartitionState,
  fleet: Fleet | null,
  about: { readonly ref: LimitRef; readonly unit: string; readonly window: string },
): SharedLimitView {
  const { ref, unit, window } = about;
  const { kind, limitId, windowStart } = ref;
  const account = state.accountByLimit.get(limitKey(ref));
  const isCurrent = account?.windowStart === windowStart;
  const pool = state.poolByLimit.get(limitKey(ref));
  return {
    kind,
    limitId,
    unit,
    window,
    windowStart,
    spent: spentOf(state, pool, isCurrent ? (account?.spent ?? 0) : 0),
    reserved: isCurrent ? (account?.reserved ?? 0) : 0,
    inSlice: availableOf(account, ref),
    home: pool === undefined ? null : homeView(state, pool, { windowStart, fleet }),
  };
}

/** Calls of a rate are known to its home alone. */
function spentOf({ atMs }: PartitionState, pool: SlicePool | undefined, own: number): number {
  return pool?.used == null ? own : usedOf(pool.used, atMs);
}

function homeView(
  { atMs }: PartitionState,
  pool: SlicePool,
  about: { readonly windowStart: number; readonly fleet: Fleet | null },
): LimitHomeView {
  const ceiling = ceilingOf(about.fleet, pool) ?? 0;
  const window = windowIn(pool, about.windowStart);
  const free = window === undefined ? ceiling : freeIn(pool, window, { ceiling, atMs });
  return { ceiling, free: Math.max(0, free), inSlices: window?.out ?? 0 };
}
