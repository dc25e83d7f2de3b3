/**
 * What a snapshot keeps of a partition besides its agents and people, as of one record. A map of
 * the state that is added here is a list of its pairs.
 */

import { scopeText } from '@estop/schemas/halts';
import type { LimitId } from '@estop/schemas/ids';
import type { AnswerView, Halt } from '@estop/schemas/messages';
import type { EndedKill } from '../breaker/breaker.ts';
import { limitKey } from '../shared/account.ts';
import { awaitedKey } from '../shared/awaited.ts';
import type { PoolWindow, SliceParty, SlicePool } from '../shared/pool.ts';
import type { AwaitedIntent, SliceAccount } from '../shared/slice-state.ts';
import { initialSubject, type PartitionState } from '../state.ts';

interface PartitionEntry {
  readonly atMs: number;
  readonly fleetHash: PartitionState['fleetHash'];
  readonly nextOffsetByTopic: readonly (readonly [string, number])[];
  readonly halts: readonly Halt[];
  readonly endedKills: readonly EndedKill[];
  readonly accounts: readonly SliceAccount[];
  readonly pools: readonly PoolEntry[];
  readonly limits: readonly (readonly [LimitId, readonly AnswerView[]])[];
  /** Oldest first. */
  readonly awaited: readonly AwaitedIntent[];
}

/** A pool, its maps as lists of their pairs. */
interface PoolEntry extends Omit<SlicePool, 'windows' | 'partyByPartition'> {
  readonly windows: readonly WindowEntry[];
  readonly parties: readonly (readonly [number, SliceParty])[];
}

interface WindowEntry extends Pick<PoolWindow, 'windowStart' | 'endMs' | 'out'> {
  readonly outs: readonly (readonly [number, number])[];
  readonly shorts: readonly (readonly [number, number])[];
}

export function partitionText(state: PartitionState): string {
  const entry: PartitionEntry = {
    atMs: state.atMs,
    fleetHash: state.fleetHash,
    nextOffsetByTopic: [...state.nextOffsetByTopic],
    halts: [...state.haltByScope.values()],
    endedKills: [...state.endedKillByScope.values()],
    accounts: [...state.accountByLimit.values()],
    pools: [...state.poolByLimit.values()].map(poolEntry),
    limits: [...state.limitById].map(([id, { answers }]) => [id, answers]),
    awaited: [...state.awaitedByKey.values()],
  };
  return JSON.stringify(entry);
}

/** Fills in a state that is new. */
export function readPartition(state: PartitionState, text: string): void {
  const entry = JSON.parse(text) as PartitionEntry;
  state.atMs = entry.atMs;
  state.fleetHash = entry.fleetHash;
  for (const [topic, offset] of entry.nextOffsetByTopic) state.nextOffsetByTopic.set(topic, offset);
  for (const halt of entry.halts) state.haltByScope.set(scopeText(halt.scope), halt);
  for (const kill of entry.endedKills) {
    state.endedKillByScope.set(scopeText(kill.scope), kill);
  }
  for (const account of entry.accounts) {
    state.accountByLimit.set(limitKey(account), account);
    // Whoever waited for it may have been left to the next process.
    state.changedLimits.add(limitKey(account));
  }
  for (const pool of entry.pools) state.poolByLimit.set(limitKey(pool), readPool(pool));
  for (const [id, answers] of entry.limits) {
    state.limitById.set(id, { ...initialSubject(), answers: [...answers] });
  }
  for (const awaited of entry.awaited) state.awaitedByKey.set(awaitedKey(awaited), awaited);
}

function poolEntry({ windows, partyByPartition, ...pool }: SlicePool): PoolEntry {
  return {
    ...pool,
    windows: windows.map(({ outByPartition, shortByPartition, ...window }) => {
      return { ...window, outs: [...outByPartition], shorts: [...shortByPartition] };
    }),
    parties: [...partyByPartition],
  };
}

function readPool({ windows, parties, ...pool }: PoolEntry): SlicePool {
  return {
    ...pool,
    windows: windows.map(({ outs, shorts, ...window }) => {
      return { ...window, outByPartition: new Map(outs), shortByPartition: new Map(shorts) };
    }),
    partyByPartition: new Map(parties),
  };
}
