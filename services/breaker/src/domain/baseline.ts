/**
 * What a minute is expected to hold: the agent's level at this hour of the day, times a factor for
 * the minute of the hour (batches start on the hour), spread by how much its minutes vary and by how
 * little is known yet. What a minute teaches is capped, so that an incident cannot teach itself.
 */
import type { Expected } from './numbers/negative-binomial.ts';
import {
  type AgentState,
  add,
  CALLS,
  DISPERSION,
  F64,
  HOUR_LEVEL,
  HOUR_SEEN,
  HOURS_OF_DAY,
  MEAN,
  MINUTE_FACTOR,
  MINUTES_OF_HOUR,
  read,
  SEEN,
} from './state/layout.ts';

/** Minutes that the class's prior weighs. */
const PRIOR_MINUTES = 60;
/** A level forgets over three days, an hour of the day over a week, a minute over two days. */
const LEVEL_MINUTES_MAX = 4_320;
const HOUR_MINUTES_MAX = 420;
const MINUTE_HOURS_MAX = 48;
/** The fullest minute fades over a month. */
const FULLEST_MINUTES = 43_200;
/** Squared relative spread: of agents of one class, of an hour or a minute not seen yet, always. */
const CLASS_SPREAD = 4;
const HOUR_SPREAD = 0.3;
const MINUTE_SPREAD = 6;
const SPREAD_MIN = 0.02;
const MEAN_MIN = 0.02;
/** A minute teaches at most this many times what was expected, and so many calls. */
const CAP_FACTOR = 3;
const CAP_CALLS = 10;
const CAP_SPREADS = 6;

/**
 * For its first ten minutes nobody knows what an agent's work is like: fifty calls a second pass, and
 * what these minutes hold is learned as it is.
 */
const COLD_MINUTES = 10;
export const COLD_LIMIT = 3_000;

/** Whether the agent was watched for too short a time to be measured by itself. */
export function isCold({ f32 }: AgentState): boolean {
  return read(f32, SEEN + CALLS) < COLD_MINUTES;
}

/** Expected of a minute for one of the series. */
export function expectedOf(state: AgentState, series: number, season: Season): Expected {
  const own = read(state.f32, MEAN + series);
  const mean = Math.max(MEAN_MIN, series === CALLS ? season.calls : own * season.factor);
  const square = mean * mean;
  const uncertain = season.spread + CLASS_SPREAD / (1 + read(state.f32, SEEN + series) / 30);
  const varied = Math.max(
    read(state.f32, DISPERSION + series) * mean,
    mean + relativeSpread(state) * square,
  );
  return { mean, variance: varied + uncertain * square };
}

/**
 * Minutes may vary in proportion to their mean, or to its square as a rate does that itself varies.
 * Which of both shows only where means differ widely (batches): the larger variance is taken.
 */
function relativeSpread({ f64 }: AgentState): number {
  const means = read(f64, F64.spreadMeans);
  return means > 0 ? Math.max(0, read(f64, F64.extraSpread) / means) : 0;
}

/** Learns from a closed minute; `amount` is what it held, in the series' units. */
export function learn(state: AgentState, series: number, closed: ClosedMinute): void {
  const { f32 } = state;
  const { amount, expected } = closed;
  const capped = Math.min(amount, capOf(state, series, expected));
  const seen = read(f32, SEEN + series);
  const rate = 1 / Math.min(PRIOR_MINUTES + seen, LEVEL_MINUTES_MAX);
  const error = capped - expected.mean;
  const dispersion = (error * error) / expected.mean;
  add(f32, DISPERSION + series, rate * (dispersion - read(f32, DISPERSION + series)));
  if (read(f32, DISPERSION + series) < 1) f32[DISPERSION + series] = 1;
  add(f32, MEAN + series, rate * (capped - read(f32, MEAN + series)));
  add(f32, SEEN + series, 1);
  if (series !== CALLS) return;
  const { f64 } = state;
  const faded = read(f64, F64.fullestMinute) * (1 - 1 / FULLEST_MINUTES);
  f64[F64.fullestMinute] = Math.max(faded, capped);
  add(f64, F64.extraSpread, rate * (dispersion - 1 - read(f64, F64.extraSpread)));
  add(f64, F64.spreadMeans, rate * (expected.mean - read(f64, F64.spreadMeans)));
  learnSeason(state, closed.minute, capped);
}

export interface ClosedMinute {
  readonly minute: number;
  readonly amount: number;
  readonly expected: Expected;
}

function capOf(state: AgentState, series: number, { mean }: Expected): number {
  if (isCold(state)) return COLD_LIMIT;
  const spread = Math.sqrt(read(state.f32, DISPERSION + series) * mean);
  return Math.max(CAP_FACTOR * mean + CAP_CALLS, mean + CAP_SPREADS * spread);
}

/** What the minute with a number (minutes since 1970) is to the agent's day and hour. */
export interface Season {
  /** The agent's calls, and what they are of its mean level. */
  readonly calls: number;
  readonly factor: number;
  readonly spread: number;
}

export function seasonOf({ f32, f64 }: AgentState, minute: number): Season {
  const hour = Math.floor(minute / 60) % HOURS_OF_DAY;
  const seen = read(f32, HOUR_SEEN + hour);
  const mean = read(f32, MEAN + CALLS);
  const level =
    (read(f32, HOUR_LEVEL + hour) * seen + mean * PRIOR_MINUTES) / (seen + PRIOR_MINUTES);
  const calls = level * read(f32, MINUTE_FACTOR + (minute % MINUTES_OF_HOUR));
  const unknown =
    HOUR_SPREAD / (1 + seen / 30) + MINUTE_SPREAD / (4 + 4 * read(f64, F64.hoursSeen));
  return { calls, factor: mean > MEAN_MIN ? calls / mean : 1, spread: SPREAD_MIN + unknown };
}

function learnSeason({ f32, f64 }: AgentState, minute: number, capped: number): void {
  const hour = Math.floor(minute / 60) % HOURS_OF_DAY;
  const ofHour = minute % MINUTES_OF_HOUR;
  const seen = read(f32, HOUR_SEEN + hour);
  const rate = 1 / Math.min(seen + 1, HOUR_MINUTES_MAX);
  add(f32, HOUR_LEVEL + hour, rate * (capped - read(f32, HOUR_LEVEL + hour)));
  f32[HOUR_SEEN + hour] = Math.min(seen + 1, HOUR_MINUTES_MAX);
  const mean = read(f32, MEAN + CALLS);
  const level =
    (read(f32, HOUR_LEVEL + hour) * (seen + 1) + mean * PRIOR_MINUTES) / (seen + 1 + PRIOR_MINUTES);
  const hours = read(f64, F64.hoursSeen);
  const factor = capped / Math.max(level, MEAN_MIN);
  const place = MINUTE_FACTOR + ofHour;
  // Small counts say little about a single minute of the hour: they move its factor less.
  const trust = level / (level + read(f32, DISPERSION + CALLS));
  const minuteRate = trust / Math.min(4 + hours, MINUTE_HOURS_MAX);
  add(f32, place, minuteRate * (factor - read(f32, place)));
  if (ofHour === MINUTES_OF_HOUR - 1) f64[F64.hoursSeen] = hours + 1;
}
