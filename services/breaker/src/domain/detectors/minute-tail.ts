/**
 * Counts of a minute against what this minute was expected to hold: the upper tail of a negative
 * binomial. The open minute is tested at every call, since its count can only grow.
 */
import { COLD_LIMIT, expectedOf, isCold, seasonOf } from '../baseline.ts';
import { evidenceOf, inWords, type Signal } from '../finding.ts';
import { ln } from '../numbers/logarithm.ts';
import { countLimit, tailOf } from '../numbers/negative-binomial.ts';
import {
  type AgentState,
  AMOUNT,
  add,
  CALLS,
  F64,
  FAN_OUT,
  LIMIT,
  read,
  SEEN,
  SPEND,
  TOKENS,
  UNIT,
  UNIT_SEEN,
} from '../state/layout.ts';
import { MINUTE_MS } from '../windows.ts';
import { type Context, isOn, mayTell, TIERS, tailOfWindow } from './context.ts';
import { DEAREST, NEWEST, shown } from './shown.ts';

/** Fewer calls than this in a minute harm nobody, however unusual. */
export const FLOOR = 10;
/** Amounts are uneven: fewer usual calls' worth may be a single dear call, which has its own test. */
const AMOUNT_FLOOR = 30;
/** A dear call teaches what a usual one costs at most this many times over. */
const UNIT_CAP = 8;
const FULLEST_HOURS_MIN = 24;
const FULLEST_MINUTES_MAX = 43_200;
/** Tails may fall a little slower. */
const FULLEST_MARGIN = 1.5;
const UNIT_CALLS_MAX = 255;
/** Of fewer calls nobody knows what a usual one costs. */
const UNIT_CALLS_MIN = 30;

/** Adds to the open minute of a series. */
export function addAmount({ f64 }: AgentState, series: number, amount: number): void {
  add(f64, AMOUNT + series, amount);
}

/** Learns what a usual call of a series costs, so that sums can be counted in calls. */
export function learnUnit({ f32 }: AgentState, series: number, amount: number): void {
  const unit = read(f32, UNIT + series);
  const seen = read(f32, UNIT_SEEN + series);
  const capped = seen < UNIT_CALLS_MIN ? amount : Math.min(amount, UNIT_CAP * unit);
  add(f32, UNIT + series, (capped - unit) / (Math.min(seen, UNIT_CALLS_MAX) + 1));
  f32[UNIT_SEEN + series] = Math.min(seen + 1, UNIT_CALLS_MAX);
}

/** What the open minute holds, in the series' units. */
export function amountInUnits({ f64, f32 }: AgentState, series: number): number {
  const amount = read(f64, AMOUNT + series);
  if (series < SPEND || series === FAN_OUT) return amount;
  if (read(f32, UNIT_SEEN + series) < UNIT_CALLS_MIN) return 0;
  return amount / read(f32, UNIT + series);
}

/** Tells of a minute that holds more than its limit, once. */
export function checkMinute(context: Context, series: number): void {
  const { state } = context;
  const count = amountInUnits(state, series);
  const floor = isCounted(series) ? FLOOR : AMOUNT_FLOOR;
  if (count < floor || !isOn(context, signalOf(series))) return;
  let limit = read(state.f32, LIMIT + series);
  if (limit === 0) {
    limit = Math.max(floor, limitOf(context, series));
    state.f32[LIMIT + series] = limit;
  }
  if (count >= limit && mayTell(state, series, 1)) tell(context, series, limit);
}

function limitOf({ state, config }: Context, series: number): number {
  const tail = tailOfWindow(config);
  const limit = countLimit(expectedNow(state, series), tail);
  if (isCold(state)) return Math.max(limit, COLD_LIMIT);
  return series === CALLS ? Math.min(limit, fullestLimit(state, tail)) : limit;
}

/**
 * Of n minutes whose upper tail falls exponentially, the fullest is passed c times over by the next
 * one with a chance of n^-c. It bounds agents whose calls come in bursts of a known size, for which
 * a variance alone promises too much.
 */
function fullestLimit({ f64, f32 }: AgentState, tail: number): number {
  if (read(f64, F64.hoursSeen) < FULLEST_HOURS_MIN) return Number.POSITIVE_INFINITY;
  const minutes = Math.min(read(f32, SEEN + CALLS), FULLEST_MINUTES_MAX);
  return Math.ceil((FULLEST_MARGIN * read(f64, F64.fullestMinute) * ln(tail)) / -ln(minutes));
}

function expectedNow(state: AgentState, series: number) {
  return expectedOf(state, series, seasonOf(state, read(state.f64, F64.minute)));
}

function tell(context: Context, series: number, limit: number): void {
  const { state, config, at } = context;
  const tail = tailOf(expectedNow(state, series), Math.floor(amountInUnits(state, series)));
  const evidence = evidenceOf(Math.min(tail, tailOfWindow(config)));
  const unit = isCounted(series) ? 1 : read(state.f32, UNIT + series);
  const observed = Math.round(read(state.f64, AMOUNT + series));
  const high = Math.ceil((limit - 1) * unit);
  const signal = signalOf(series);
  const tier = tierOf(series);
  const what = NOUNS[signal] ?? signal;
  context.findings.push({
    at,
    signal,
    rule: 'window-tail',
    kind: 'statistical',
    tier,
    windowMs: MINUTE_MS,
    expected: { low: 0, high },
    observed,
    evidence,
    sentence:
      `${observed} ${what}${tier === null ? '' : ` of ${tier} tools`} within a minute, ` +
      `where up to ${high} are usual at this hour (${inWords(evidence)})`,
    calls: shown(state, isCounted(series) ? NEWEST : DEAREST),
  });
}

const NOUNS: Partial<Record<Signal, string>> = {
  volume: 'calls',
  spend: 'micro-dollars',
  tokens: 'tokens',
  'fan-out': 'distinct targets',
};

function isCounted(series: number): boolean {
  return series < SPEND || series === FAN_OUT;
}

export function signalOf(series: number): Signal {
  if (series < SPEND) return 'volume';
  if (series < TOKENS) return 'spend';
  return series === TOKENS ? 'tokens' : 'fan-out';
}

function tierOf(series: number) {
  const first = series < SPEND ? CALLS : SPEND;
  return series >= TOKENS ? null : (TIERS[series - first - 1] ?? null);
}
