/** Operators' absolute bounds: what passes one is a fact. */
import type { Threshold } from '../config/breaker-config.ts';
import type { Signal } from '../finding.ts';
import {
  type Counts,
  callsInLastMinute,
  lastHour,
  MINUTE_MS,
  openMinuteCounts,
} from '../windows.ts';
import { type Context, mayTell, TOLD_THRESHOLD } from './context.ts';
import { DEAREST, DENIED, ERRED, NEWEST, shown } from './shown.ts';

/** Kinds of telling that are kept apart; further thresholds share the last one. */
const KINDS = 6;

export function checkThresholds(context: Context): void {
  for (const [at, threshold] of context.config.thresholds.entries()) {
    const observed = observedOf(context, threshold);
    if (observed <= threshold.limit) continue;
    if (mayTell(context.state, TOLD_THRESHOLD + Math.min(at, KINDS - 1), 1)) {
      tell(context, threshold, observed);
    }
  }
}

function observedOf({ state }: Context, { measure, windowMs, callsMin }: Threshold): number {
  if (measure === 'calls' && windowMs === MINUTE_MS) return callsInLastMinute(state);
  const counts = windowMs === MINUTE_MS ? openMinuteCounts(state) : lastHour(state);
  if (measure === 'calls') return counts.calls;
  if (measure === 'spend') return counts.microUsd;
  return counts.calls < callsMin ? 0 : Math.floor((1_000 * hitsOf(counts, measure)) / counts.calls);
}

function hitsOf(counts: Counts, measure: Threshold['measure']): number {
  return measure === 'error-rate' ? counts.errors : counts.denials;
}

function tell(context: Context, threshold: Threshold, observed: number): void {
  const { measure, limit, windowMs } = threshold;
  const { signal, unit, list } = MEASURES[measure];
  const window = windowMs === MINUTE_MS ? 'minute' : 'hour';
  context.findings.push({
    at: context.at,
    signal,
    rule: 'threshold',
    kind: 'deterministic',
    tier: null,
    windowMs,
    expected: { low: 0, high: limit },
    observed,
    evidence: null,
    sentence: `${observed} ${unit} within the ${window}, where at most ${limit} are allowed`,
    calls: shown(context.state, list),
  });
}

const MEASURES: Readonly<Record<Threshold['measure'], Measure>> = {
  calls: { signal: 'volume', unit: 'calls', list: NEWEST },
  spend: { signal: 'spend', unit: 'micro-dollars', list: DEAREST },
  'error-rate': { signal: 'error-rate', unit: 'per mille of the calls failed', list: ERRED },
  'deny-rate': { signal: 'deny-rate', unit: 'per mille of the calls were denied', list: DENIED },
};

interface Measure {
  readonly signal: Signal;
  readonly unit: string;
  readonly list: number;
}
