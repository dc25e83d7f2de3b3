/** By which numbers a breaker is tried: the operators' of the agent's fleet, or the defaults. */
import { OPEN_FIRST_MS, OPEN_MAX_MS, PROBES_MAX } from '../limits.ts';

export interface BreakerTerms {
  /** Reads that a half-open one lets through, and that must go well to close it. */
  readonly probes: number;
  /** How long it is open after its first failed probe; twice as long each time, up to a bound. */
  readonly openFirstMs: number;
  readonly openMaxMs: number;
}

export const DEFAULT_TERMS: BreakerTerms = {
  probes: PROBES_MAX,
  openFirstMs: OPEN_FIRST_MS,
  openMaxMs: OPEN_MAX_MS,
};
