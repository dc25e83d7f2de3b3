import type { Fleet } from './fleet.ts';
import type { PartitionState } from './state.ts';

/** What every decision may look at: the state, the fleet in force, and the time. */
export interface CheckContext {
  readonly state: PartitionState;
  readonly fleet: Fleet | null;
  /** Time of the input, not before the state's last one. */
  readonly atMs: number;
  /** When it is decided, by the clock of the log: an input may have waited for its decider. */
  readonly nowMs: number;
}
