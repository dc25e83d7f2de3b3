/** What operators say about breakers, and what holds where they say nothing. */
import type { Signal } from '../finding.ts';
import type { Prior } from '../state/layout.ts';

/** How one agent is watched: the defaults with its class's, groups' and own settings over them. */
export interface BreakerConfig {
  /** False trips that are accepted, per agent and month. */
  readonly sensitivity: number;
  /** Records what it would have done, and does nothing. */
  readonly shadow: boolean;
  readonly signals: Readonly<Record<Signal, boolean>>;
  readonly thresholds: readonly Threshold[];
  readonly prior: Prior;
  readonly loops: LoopRules;
  readonly ladder: LadderConfig;
}

/** An absolute bound; passing it is a fact, no matter of chance. */
export interface Threshold {
  readonly measure: 'calls' | 'spend' | 'error-rate' | 'deny-rate';
  /** Calls, micro-dollars, or per mille of the calls in the window. */
  readonly limit: number;
  readonly windowMs: 60_000 | 3_600_000;
  /** Rates of fewer calls than this say nothing. */
  readonly callsMin: number;
}

/** How often is too often, in a row unless said otherwise. */
export interface LoopRules {
  readonly sameResult: number;
  readonly sameCall: number;
  readonly sameError: number;
  readonly errors: number;
  /** How often a cycle of two to four calls comes round. */
  readonly cycles: number;
}

export interface LadderConfig {
  /** How many signals of chance open the breaker; one alone asks people. */
  readonly signalsToOpen: number;
  /** How long evidence counts, and how long a step-up lasts after the newest of it, ms. */
  readonly evidenceMs: number;
  readonly halfOpenAfterMs: number;
  readonly halfOpenAfterMaxMs: number;
  readonly probes: number;
  readonly opensToKill: number;
  readonly killWindowMs: number;
}

const ALL_SIGNALS: Readonly<Record<Signal, boolean>> = {
  volume: true,
  'error-rate': true,
  'deny-rate': true,
  spend: true,
  tokens: true,
  latency: true,
  novelty: true,
  'fan-out': true,
  loop: true,
  silence: true,
};

export const DEFAULT_CONFIG: BreakerConfig = {
  sensitivity: 1,
  shadow: false,
  signals: ALL_SIGNALS,
  thresholds: [],
  prior: { callsPerMinute: 2, dispersion: 4 },
  loops: { sameResult: 4, sameCall: 6, sameError: 5, errors: 6, cycles: 3 },
  ladder: {
    signalsToOpen: 2,
    evidenceMs: 600_000,
    halfOpenAfterMs: 30_000,
    halfOpenAfterMaxMs: 900_000,
    probes: 5,
    opensToKill: 3,
    killWindowMs: 86_400_000,
  },
};
