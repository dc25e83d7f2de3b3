/**
 * What a snapshot keeps of a partition besides its agents and people, as of one record. A map of
 * the state that is added here is a list of its pairs.
 */
import type { Halt } from '@estop/schemas/messages';
import { scopeText } from '../halts.ts';
import type { PartitionState } from '../state.ts';

interface PartitionEntry {
  readonly atMs: number;
  readonly fleetHash: PartitionState['fleetHash'];
  readonly nextOffsetByTopic: readonly (readonly [string, number])[];
  readonly halts: readonly Halt[];
}

export function partitionText(state: PartitionState): string {
  const entry: PartitionEntry = {
    atMs: state.atMs,
    fleetHash: state.fleetHash,
    nextOffsetByTopic: [...state.nextOffsetByTopic],
    halts: [...state.haltByScope.values()],
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
}
