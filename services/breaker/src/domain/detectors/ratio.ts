/**
 * Shares of recent calls (errors, denials, novel ones, slow ones) against the share that is usual:
 * the upper tail of the count of hits, with a minimum of calls. Recent calls fade by a tenth a
 * minute; what fades teaches the baseline, so that it learns late, and capped.
 */
import { isCold } from '../baseline.ts';
import { evidenceOf, inWords, type Signal } from '../finding.ts';
import { countLimit, type Expected, tailOf } from '../numbers/negative-binomial.ts';
import {
  type AgentState,
  add,
  DENIALS,
  ERRORS,
  LONG_HITS,
  LONG_TRIALS,
  NOVEL,
  RATIOS,
  RECENT_HITS,
  RECENT_TRIALS,
  read,
  SERIES,
  SLOW,
} from '../state/layout.ts';
import { type Context, isOn, mayTell, TIERS, tailOfWindow } from './context.ts';
import { DENIED, ERRED, NEW_NAMES, SLOWEST, shown } from './shown.ts';

/** Fewer calls than this say nothing about a share. */
export const CALLS_MIN = 20;
/** Nor do fewer than this of an agent that nobody knows yet: much of what it tries may be denied. */
const COLD_CALLS_MIN = 200;
const HITS_MIN = 5;
const SHARE_MIN = 0.2;
const FADE = 0.1;
/** Fewer outcomes than this say nothing of whether an agent reports them. */
const OUTCOMES_MIN = 4;
/** Recent calls reach back about this far. */
const WINDOW_MS = 600_000;
const LONG_FADE = 1 / 4_320;
const PRIOR_TRIALS = 50;
/** A share teaches at most this many times what it was, or a tenth. */
const CAP_FACTOR = 3;
const CAP_SHARE = 0.1;
const DISPERSION = 1.5;
const SPREAD_MIN = 0.1;
/** The same recent calls are tested again and again. */
const REPEATS = 10;

/** Counts one more call of a share; a hit is tested at once. */
export function countTrial(context: Context, ratio: number, isHit: boolean): void {
  const { f32 } = context.state;
  add(f32, RECENT_TRIALS + ratio, 1);
  if (!isHit) return;
  add(f32, RECENT_HITS + ratio, 1);
  checkRatio(context, ratio);
}

/** What fades of a minute's recent calls goes into the baseline, unless it is frozen. */
export function fadeRatios({ f32 }: AgentState, learns: boolean): void {
  for (let ratio = 0; ratio < RATIOS; ratio += 1) {
    const trials = FADE * read(f32, RECENT_TRIALS + ratio);
    if (trials === 0) continue;
    const hits = FADE * read(f32, RECENT_HITS + ratio);
    if (learns) {
      const cap = Math.max(CAP_FACTOR * usualShare(f32, ratio), CAP_SHARE);
      add(f32, LONG_HITS + ratio, Math.min(hits, cap * trials));
      add(f32, LONG_TRIALS + ratio, trials);
      add(f32, LONG_HITS + ratio, -LONG_FADE * read(f32, LONG_HITS + ratio));
      add(f32, LONG_TRIALS + ratio, -LONG_FADE * read(f32, LONG_TRIALS + ratio));
    }
    add(f32, RECENT_TRIALS + ratio, -trials);
    add(f32, RECENT_HITS + ratio, -hits);
    if (read(f32, RECENT_TRIALS + ratio) < 0.01) f32[RECENT_TRIALS + ratio] = 0;
  }
}

function checkRatio(context: Context, ratio: number): void {
  const { state, config } = context;
  const trials = read(state.f32, RECENT_TRIALS + ratio);
  const hits = read(state.f32, RECENT_HITS + ratio);
  const callsMin = isCold(state) ? COLD_CALLS_MIN : CALLS_MIN;
  if (trials < callsMin || hits < HITS_MIN || hits < SHARE_MIN * trials) return;
  if (!isOn(context, signalOf(ratio))) return;
  const expected = expectedHits(state.f32, ratio, trials);
  const limit = countLimit(expected, tailOfWindow(config) / REPEATS);
  if (hits < limit || !mayTell(state, SERIES + ratio, WINDOW_MS / 60_000)) return;
  const evidence = evidenceOf(tailOf(expected, Math.floor(hits)));
  const signal = signalOf(ratio);
  const tier = tierOf(ratio);
  const observed = Math.round((1_000 * hits) / trials);
  const high = Math.min(1_000, Math.ceil((1_000 * (limit - 1)) / trials));
  context.findings.push({
    at: context.at,
    signal,
    rule: ratio === SLOW ? 'slow-calls' : 'ratio',
    kind: 'statistical',
    tier,
    windowMs: WINDOW_MS,
    expected: { low: 0, high },
    observed,
    evidence,
    sentence:
      `${percent(observed)} of recent calls${tier === null ? '' : ` of ${tier} tools`} ` +
      `${VERBS[signal] ?? 'stand out'}, where up to ${percent(high)} are usual (${inWords(evidence)})`,
    calls: shown(state, listOf(ratio)),
  });
}

const VERBS: Partial<Record<Signal, string>> = {
  'error-rate': 'failed',
  'deny-rate': 'were denied',
  novelty: 'went to tools or targets never used before',
  latency: 'were far slower than usual',
};

/** Whether most of the agent's calls are followed by an outcome, as far as it is known. */
export function reportsOutcomes({ f32 }: AgentState): boolean {
  const seen = (ratio: number): number =>
    read(f32, RECENT_TRIALS + ratio) + read(f32, LONG_TRIALS + ratio);
  const outcomes = seen(ERRORS);
  return outcomes >= OUTCOMES_MIN && 2 * outcomes >= seen(DENIALS);
}

function expectedHits(f32: Float32Array, ratio: number, trials: number): Expected {
  const mean = usualShare(f32, ratio) * trials;
  const spread = SPREAD_MIN + 1 / (1 + read(f32, LONG_TRIALS + ratio) / PRIOR_TRIALS);
  return { mean, variance: DISPERSION * mean + spread * mean * mean };
}

function usualShare(f32: Float32Array, ratio: number): number {
  const hits = read(f32, LONG_HITS + ratio) + priorShare(ratio) * PRIOR_TRIALS;
  return hits / (read(f32, LONG_TRIALS + ratio) + PRIOR_TRIALS);
}

/** At first everything is new. */
function priorShare(ratio: number): number {
  if (ratio === NOVEL) return 0.5;
  return ratio === SLOW ? 0.01 : 0.02;
}

export function signalOf(ratio: number): Signal {
  if (ratio < DENIALS) return 'error-rate';
  if (ratio < NOVEL) return 'deny-rate';
  return ratio === NOVEL ? 'novelty' : 'latency';
}

function tierOf(ratio: number) {
  const first = ratio < DENIALS ? ERRORS : DENIALS;
  return ratio >= NOVEL ? null : (TIERS[ratio - first - 1] ?? null);
}

function listOf(ratio: number): number {
  if (ratio < DENIALS) return ERRED;
  if (ratio < NOVEL) return DENIED;
  return ratio === NOVEL ? NEW_NAMES : SLOWEST;
}

/** Per mille as people read them. */
function percent(perMille: number): string {
  return `${(perMille / 10).toString()} %`;
}
