/** What a detector found, with the numbers behind it and a sentence for people. */
import type { Tier } from '@estop/schemas/messages';

export const SIGNALS = [
  'volume',
  'error-rate',
  'deny-rate',
  'spend',
  'tokens',
  'latency',
  'novelty',
  'fan-out',
  'loop',
  'silence',
] as const;
export type Signal = (typeof SIGNALS)[number];

/** How unlikely the observation is while nothing has changed: the bound of the probability. */
export type Evidence = '1e-3' | '1e-4' | '1e-5' | '1e-6' | '1e-8' | '1e-10' | '1e-12';

/** Where and how a finding was made. */
export type Rule =
  | 'window-tail'
  | 'drift'
  | 'growth'
  | 'ratio'
  | 'amount-tail'
  | 'slow-calls'
  | 'silence'
  | 'same-call'
  | 'same-result'
  | 'same-error'
  | 'errors-in-a-row'
  | 'cycle'
  | 'threshold';

export interface Finding {
  readonly at: number;
  readonly signal: Signal;
  readonly rule: Rule;
  readonly kind: 'statistical' | 'deterministic';
  /** The tool class it was found in; null: over all calls of the agent. */
  readonly tier: Tier | null;
  readonly windowMs: number;
  /** What was to be expected in this window; a rule of counts has no lower end. */
  readonly expected: { readonly low: number; readonly high: number };
  readonly observed: number;
  /** Null for rules and thresholds, which are no matter of chance. */
  readonly evidence: Evidence | null;
  readonly sentence: string;
  /** Positions in the audit log of the calls that weighed most, heaviest first; at most five. */
  readonly calls: readonly number[];
}

const EVIDENCE: readonly Evidence[] = ['1e-12', '1e-10', '1e-8', '1e-6', '1e-5', '1e-4', '1e-3'];
const BOUNDS = [1e-12, 1e-10, 1e-8, 1e-6, 1e-5, 1e-4, 1e-3] as const;

/** The smallest class that a probability is not above. */
export function evidenceOf(probability: number): Evidence {
  const at = BOUNDS.findIndex((bound) => probability <= bound);
  return EVIDENCE[at] ?? '1e-3';
}

/** As in "chance below 1 in 10^6", for sentences. */
export function inWords(evidence: Evidence): string {
  return `chance below 1 in 10^${evidence.slice(3)}`;
}
