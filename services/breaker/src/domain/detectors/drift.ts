/**
 * Slow changes. CUSUM (Page 1954) over the log-likelihood ratio of a negative binomial at 2.5 times
 * its mean finds a level that doubled or tripled within minutes of it. Growth so slow that the baseline learns it
 * is held against an anchor that may move by half a percent a day.
 */
import { evidenceOf, inWords } from '../finding.ts';
import { ln } from '../numbers/logarithm.ts';
import type { Expected } from '../numbers/negative-binomial.ts';
import {
  CALLS,
  DISPERSION,
  DRIFT,
  F64,
  HOURS_OF_DAY,
  read,
  SPEND,
  TOKENS,
  UNIT,
} from '../state/layout.ts';
import { callsInHours, HOUR_MS, MINUTE_MS } from '../windows.ts';
import { type Context, isOn, mayTell, TOLD_DRIFT, TOLD_GROWTH, tailOfWindow } from './context.ts';
import { signalOf } from './minute-tail.ts';
import { DEAREST, NEWEST, shown } from './shown.ts';

/** The change that is looked for. */
const SHIFT = 2.5;
/** Before a whole day was seen a level says nothing about the hours to come. */
const HOURS_MIN = 24;
/** Beyond the bound for a level that is known exactly: levels are estimates. */
const MARGIN = 3;
/** One minute alone is a burst, which the tail tells of. */
const MINUTES_NEEDED = 3;
const GROWTH_FACTOR = 2;
const GROWTH_CALLS_MIN = 48;
const GROWTH_SPREADS = 6;
const ANCHOR_DAYS = 7;
const ANCHOR_STEP = 0.005;

/** The series whose level is watched, and which telling each has. */
const WATCHED = [CALLS, SPEND, TOKENS];

/** After a minute was closed: has the level of one of the watched series risen? */
export function checkDrift(context: Context, series: number, closed: ClosedMinute): void {
  const { state, config } = context;
  const watched = WATCHED.indexOf(series);
  if (watched < 0 || read(state.f64, F64.hoursSeen) < HOURS_MIN) return;
  const { f32 } = state;
  const bound = -ln(tailOfWindow(config)) + MARGIN;
  const step = Math.min(likelihoodRatio(closed), bound / MINUTES_NEEDED);
  const sum = read(f32, DRIFT + series) + step;
  f32[DRIFT + series] = Math.max(sum, 0);
  if (sum < bound) return;
  f32[DRIFT + series] = 0;
  if (!isOn(context, signalOf(series)) || !mayTell(state, TOLD_DRIFT + watched, 10)) return;
  const unit = series === CALLS ? 1 : read(f32, UNIT + series);
  const usual = Math.round(closed.expected.mean * unit * 10) / 10;
  const evidence = evidenceOf(tailOfWindow(config));
  const observed = Math.round(closed.amount * unit);
  context.findings.push({
    at: context.at,
    signal: signalOf(series),
    rule: 'drift',
    kind: 'statistical',
    tier: null,
    windowMs: MINUTE_MS,
    expected: { low: 0, high: usual },
    observed,
    evidence,
    sentence:
      `${signalOf(series)} has been well above its level for minutes: ${observed} in the last ` +
      `one, where ${usual} are usual (${inWords(evidence)})`,
    calls: shown(state, series === CALLS ? NEWEST : DEAREST),
  });
}

interface ClosedMinute {
  /** In the series' units. */
  readonly amount: number;
  readonly expected: Expected;
}

function likelihoodRatio({ amount, expected: { mean, variance } }: ClosedMinute): number {
  const extra = variance - mean;
  const shape = extra > 0.02 * mean ? (mean * mean) / extra : 50 * mean;
  const shifted = SHIFT * mean;
  return (
    amount * ln((SHIFT * (shape + mean)) / (shape + shifted)) -
    shape * ln((shape + shifted) / (shape + mean))
  );
}

/** After an hour was closed: do the last 24 of them hold twice what they once did? */
export function checkGrowth(context: Context): void {
  const { state } = context;
  const { f64, f32 } = state;
  const hoursSeen = read(f64, F64.hoursSeen);
  if (hoursSeen < HOURS_OF_DAY) return;
  const day = callsInHours(state, HOURS_OF_DAY);
  const anchor = read(f64, F64.anchor);
  const days = read(f64, F64.anchorDays);
  if (days < 1 || hoursSeen >= (days + 1) * HOURS_OF_DAY) {
    moveAnchor(context, day);
    return;
  }
  const spread = Math.sqrt(read(f32, DISPERSION + CALLS) * anchor);
  const high = Math.ceil(Math.max(GROWTH_FACTOR * anchor, anchor + GROWTH_SPREADS * spread));
  if (day < Math.max(high, GROWTH_CALLS_MIN)) return;
  if (!isOn(context, 'volume') || !mayTell(state, TOLD_GROWTH, 1_440)) return;
  context.findings.push({
    at: context.at,
    signal: 'volume',
    rule: 'growth',
    kind: 'statistical',
    tier: null,
    windowMs: HOURS_OF_DAY * HOUR_MS,
    expected: { low: 0, high },
    observed: day,
    evidence: '1e-6',
    sentence:
      `${day} calls within a day, where ${Math.round(anchor)} were usual when the agent was ` +
      'first watched: it grew too slowly to be seen in any hour',
    calls: shown(state, NEWEST),
  });
}

/** The first week sets it; then it follows, slower than anybody who wants to teach it. */
function moveAnchor({ state: { f64 } }: Context, day: number): void {
  const days = read(f64, F64.anchorDays) + 1;
  const anchor = read(f64, F64.anchor);
  f64[F64.anchorDays] = days;
  if (days <= ANCHOR_DAYS) f64[F64.anchor] = anchor + (day - anchor) / days;
  else
    f64[F64.anchor] = Math.min(
      Math.max(day, anchor * (1 - ANCHOR_STEP)),
      anchor * (1 + ANCHOR_STEP),
    );
}

/** Starts the watch for growth anew: a person has seen the new level and accepts it. */
export function acceptLevel({ f64, f32 }: Context['state']): void {
  f64[F64.anchor] = 0;
  f64[F64.anchorDays] = 0;
  for (const series of WATCHED) f32[DRIFT + series] = 0;
}
