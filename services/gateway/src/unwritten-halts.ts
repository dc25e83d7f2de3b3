/**
 * Words on scopes that stand in no log yet, kept somewhere where a killed process does not lose them.
 */
import type { Halt } from '@estop/schemas/messages';

export interface UnwrittenHalts {
  /** What an earlier process could not write; what cannot be read is told and left out. */
  load(): readonly Halt[];
  /** All of them, in the place of those before. Rejects when they cannot be kept. */
  save(halts: readonly Halt[]): Promise<void>;
}

/** For a gateway that has no place of its own. */
export const KEEPS_NOTHING: UnwrittenHalts = {
  load: () => [],
  save: async () => undefined,
};
