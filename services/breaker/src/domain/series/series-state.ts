/**
 * What is kept of one series of numbers (a rate, a volume, a latency), in one block of bytes. No
 * values are kept: levels, ranges and a season of 24 hours.
 */
export const RANGES = 5;
const HOURS_OF_DAY = 24;

/** Places of the numbers. */
export const AT = {
  points: 0,
  firstAt: 1,
  lastAt: 2,
  stepMs: 3,
  last: 4,
  level: 5,
  spread: 6,
  slowLevel: 7,
  residual: 8,
  change: 9,
  slowChange: 10,
  noveltyAt: 11,
  departureAt: 12,
  departure: 13,
  lastStepMs: 14,
} as const;
const FIELDS = 15;
export const LOWEST = FIELDS;
export const HIGHEST = LOWEST + RANGES;
export const SEASON = HIGHEST + RANGES;
export const SEASON_POINTS = SEASON + HOURS_OF_DAY;
const NUMBERS = SEASON_POINTS + HOURS_OF_DAY;

export const SERIES_STATE_BYTES = 8 * NUMBERS;

export type SeriesState = Float64Array;

export function emptySeries(): SeriesState {
  const state = new Float64Array(NUMBERS);
  state.fill(Number.POSITIVE_INFINITY, LOWEST, HIGHEST);
  state.fill(Number.NEGATIVE_INFINITY, HIGHEST, SEASON);
  state[AT.noveltyAt] = Number.NEGATIVE_INFINITY;
  state[AT.departureAt] = Number.NEGATIVE_INFINITY;
  return state;
}
