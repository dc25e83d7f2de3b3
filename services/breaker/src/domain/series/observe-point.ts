/**
 * Anomalies in a series of numbers, causal and in constant time and memory. Two tests:
 *
 * - **Novelty**: a feature of the series leaves the range it has ever been in. Features: the residual
 *   of the hour of the day, the same smoothed, the slow level, and how much neighbours differ, over
 *   a short and a long time. What was seen before is no news, so that a busy series is left alone.
 * - **Departure**: a point is many mean deviations from its level. Only where the series' step is one
 *   of the breaker's own windows, a minute or an hour, since that is what its scale is known for.
 *
 * After an alarm each test is quiet for some hours; a departure that is larger may speak earlier.
 */
import { AT, HIGHEST, LOWEST, SEASON, SEASON_POINTS, type SeriesState } from './series-state.ts';

export interface SeriesConfig {
  /** How far beyond its range, in ranges, each feature must be; in the order of the features. */
  readonly novelty: readonly number[];
  readonly noveltyQuietMs: number;
  /** Before so many points and so much time a range is only being learned. */
  readonly noveltyPointsMin: number;
  readonly noveltyAfterMs: number;
  /** Mean deviations from the level. */
  readonly departure: number;
  readonly departureQuietMs: number;
  readonly departurePointsMin: number;
  /** Steps of series whose departures are tested, ms. */
  readonly departureStepsMs: readonly number[];
}

const HOUR_MS = 3_600_000;

/** One configuration for every series. */
export const SERIES_CONFIG: SeriesConfig = {
  novelty: [0.025, 0.0175, 0.07, 0.04, 0.1],
  noveltyQuietMs: 16 * HOUR_MS,
  noveltyPointsMin: 300,
  noveltyAfterMs: 48 * HOUR_MS,
  departure: 5.8,
  departureQuietMs: 8 * HOUR_MS,
  departurePointsMin: 16,
  departureStepsMs: [60_000, HOUR_MS],
};

/** Weights of the newest point in each average. */
const LEVEL_WEIGHT = 0.04;
const SPREAD_WEIGHT = 0.01;
const SLOW_LEVEL_WEIGHT = 0.03;
const RESIDUAL_WEIGHT = 0.1;
const CHANGE_WEIGHT = 0.05;
const SLOW_CHANGE_WEIGHT = 0.02;
const SEASON_WEIGHT = 1 / 333;
/** A point teaches level and spread at most so many mean deviations. */
const CAP_SPREADS = 3;
/** A spread of nothing would make an alarm of every rounding. */
const SPREAD_MIN_RELATIVE = 1e-9;
const SPREAD_MIN = 1e-12;

export interface Judged {
  /** 1 and above is beyond a limit; 0 while quiet or learning. */
  readonly score: number;
  readonly isAlarm: boolean;
  /** What a departure is measured from, and the range that is let pass; null while learning. */
  readonly expected: { readonly low: number; readonly high: number } | null;
}

/** Judges one point and learns from it. Points that are no number teach nothing. */
export function observePoint(
  state: SeriesState,
  point: { readonly at: number; readonly value: number },
  config: SeriesConfig = SERIES_CONFIG,
): Judged {
  const { at, value } = point;
  if (!Number.isFinite(value)) return { score: 0, isAlarm: false, expected: null };
  const points = read(state, AT.points);
  if (points === 0) {
    begin(state, point);
    return { score: 0, isAlarm: false, expected: null };
  }
  noteStep(state, at);
  const judge = { state, config, at, value };
  const departure = judgeDeparture(judge);
  const novelty = judgeNovelty(judge);
  state[AT.points] = points + 1;
  state[AT.lastAt] = at;
  state[AT.last] = value;
  const score = Math.max(novelty, departure.score);
  return { score, isAlarm: score >= 1, expected: departure.expected };
}

interface Judge {
  readonly state: SeriesState;
  readonly config: SeriesConfig;
  readonly at: number;
  readonly value: number;
}

function begin(state: SeriesState, { at, value }: { readonly at: number; readonly value: number }) {
  state[AT.points] = 1;
  state[AT.firstAt] = at;
  state[AT.lastAt] = at;
  state[AT.last] = value;
  state[AT.level] = value;
  learnRanges(state, featuresOf(state, at, value));
}

/** The distance of two points that came twice running: gaps and jitter do not. */
function noteStep(state: SeriesState, at: number): void {
  const step = at - read(state, AT.lastAt);
  if (step === read(state, AT.lastStepMs)) state[AT.stepMs] = step;
  state[AT.lastStepMs] = step;
}

function judgeDeparture({ state, config, at, value }: Judge) {
  const level = read(state, AT.level);
  const least = SPREAD_MIN_RELATIVE * Math.abs(value) + SPREAD_MIN;
  const spread = Math.max(read(state, AT.spread), least);
  const isLearned = read(state, AT.points) >= config.departurePointsMin;
  learnLevel(state, value, isLearned ? CAP_SPREADS * spread : Number.POSITIVE_INFINITY);
  if (!isLearned || !config.departureStepsMs.includes(read(state, AT.stepMs))) {
    return { score: 0, expected: null };
  }
  const reach = config.departure * spread;
  const expected = { low: level - reach, high: level + reach };
  const departure = Math.abs(value - level) / reach;
  if (departure < neededFor(state, config, at))
    return { score: Math.min(departure, 0.99), expected };
  state[AT.departureAt] = at;
  state[AT.departure] = departure;
  return { score: departure, expected };
}

/** What the last departure was, falling to 1 while the quiet time passes. */
function neededFor(state: SeriesState, config: SeriesConfig, at: number): number {
  const age = (at - read(state, AT.departureAt)) / config.departureQuietMs;
  return age >= 1 ? 1 : Math.max(1, read(state, AT.departure) * (1 - age));
}

function learnLevel(state: SeriesState, value: number, cap: number): void {
  const newest = 1 / (read(state, AT.points) + 1);
  const error = Math.min(Math.max(value - read(state, AT.level), -cap), cap);
  const deviation = Math.abs(error) - read(state, AT.spread);
  state[AT.spread] = read(state, AT.spread) + Math.max(SPREAD_WEIGHT, newest) * deviation;
  state[AT.level] = read(state, AT.level) + Math.max(LEVEL_WEIGHT, newest) * error;
}

function judgeNovelty({ state, config, at, value }: Judge): number {
  const features = featuresOf(state, at, value);
  const isLearned =
    read(state, AT.points) >= config.noveltyPointsMin &&
    at - read(state, AT.firstAt) >= config.noveltyAfterMs;
  const isQuiet = at - read(state, AT.noveltyAt) < config.noveltyQuietMs;
  let score = 0;
  for (const [n, limit] of config.novelty.entries()) {
    score = Math.max(score, beyondRange(state, n, features[n] ?? 0) / limit);
  }
  learnRanges(state, features);
  if (!isLearned || isQuiet) return 0;
  if (score >= 1) state[AT.noveltyAt] = at;
  return score;
}

/** How far a feature is outside its range, in ranges. */
function beyondRange(state: SeriesState, feature: number, value: number): number {
  const low = read(state, LOWEST + feature);
  const high = read(state, HIGHEST + feature);
  const outside = Math.max(value - high, low - value);
  if (outside <= 0) return 0;
  return high > low ? outside / (high - low) : 1;
}

function learnRanges(state: SeriesState, features: readonly number[]): void {
  for (const [n, value] of features.entries()) {
    state[LOWEST + n] = Math.min(read(state, LOWEST + n), value);
    state[HIGHEST + n] = Math.max(read(state, HIGHEST + n), value);
  }
}

/** In the order of the limits; updates the averages that they are. */
function featuresOf(state: SeriesState, at: number, value: number): readonly number[] {
  const isFirst = read(state, AT.points) <= 1 && at === read(state, AT.firstAt);
  const residual = residualOf(state, at, value);
  const change = isFirst ? 0 : Math.abs(value - read(state, AT.last));
  const smooth = (place: number, weight: number, newest: number): number => {
    const before = read(state, place);
    const after = isFirst ? newest : before + weight * (newest - before);
    state[place] = after;
    return after;
  };
  return [
    residual,
    smooth(AT.residual, RESIDUAL_WEIGHT, residual),
    smooth(AT.slowLevel, SLOW_LEVEL_WEIGHT, value),
    smooth(AT.change, CHANGE_WEIGHT, change),
    smooth(AT.slowChange, SLOW_CHANGE_WEIGHT, change),
  ];
}

/** What is left of a point when the mean of its hour of the day is taken off. */
function residualOf(state: SeriesState, at: number, value: number): number {
  const hour = Math.floor(at / HOUR_MS) % 24;
  const points = read(state, SEASON_POINTS + hour) + 1;
  state[SEASON_POINTS + hour] = points;
  if (points === 1) {
    state[SEASON + hour] = value;
    return 0;
  }
  const residual = value - read(state, SEASON + hour);
  state[SEASON + hour] =
    read(state, SEASON + hour) + Math.max(SEASON_WEIGHT, 1 / points) * residual;
  return residual;
}

function read(state: SeriesState, place: number): number {
  return state[place] ?? 0;
}
