/** Event time moves on: windows close one after the other, are judged, and teach the baselines. */
import { expectedOf, learn, seasonOf } from './baseline.ts';
import { noteUsual } from './detectors/amounts.ts';
import type { Context } from './detectors/context.ts';
import { checkDrift, checkGrowth } from './detectors/drift.ts';
import { amountInUnits } from './detectors/minute-tail.ts';
import { forgetReached } from './detectors/names.ts';
import { fadeRatios } from './detectors/ratio.ts';
import { forgetHeaviest } from './detectors/shown.ts';
import { type AgentState, AMOUNT, F64, LIMIT, read, SERIES } from './state/layout.ts';
import {
  clearMinutes,
  HOUR_MS,
  MINUTE_MS,
  openHour,
  openMinute,
  openSecond,
  SECOND_MS,
} from './windows.ts';

/** A longer silence teaches no more than this many empty minutes. */
const EMPTY_MINUTES_MAX = 1_440;

/** Closes what ended before this time. False: the time lies in a window that is closed. */
export function advance(context: Context): boolean {
  const { state, at } = context;
  const { f64 } = state;
  const second = Math.floor(at / SECOND_MS);
  if (read(f64, F64.firstAt) === 0) begin(state, at);
  if (second < read(f64, F64.second)) return false;
  f64[F64.lastAt] = at;
  if (second === read(f64, F64.second)) return true;
  openSecond(state, second);
  const minute = Math.floor(at / MINUTE_MS);
  if (minute > read(f64, F64.minute)) closeMinutes(context, minute);
  return true;
}

function begin(state: AgentState, at: number): void {
  const { f64 } = state;
  f64[F64.firstAt] = Math.max(at, 1);
  f64[F64.second] = Math.floor(at / SECOND_MS);
  f64[F64.minute] = Math.floor(at / MINUTE_MS);
  f64[F64.hour] = Math.floor(at / HOUR_MS);
}

function closeMinutes(context: Context, until: number): void {
  const { state } = context;
  const open = read(state.f64, F64.minute);
  const skipped = Math.max(0, until - open - EMPTY_MINUTES_MAX);
  closeMinute(context, open);
  if (skipped > 0) clearMinutes(state);
  for (let minute = open + 1 + skipped; minute <= until; minute += 1) {
    const hour = Math.floor((minute * MINUTE_MS) / HOUR_MS);
    if (hour > read(state.f64, F64.hour)) {
      openHour(state, hour);
      checkGrowth(context);
    }
    openMinute(state, minute);
    if (minute < until) closeMinute(context, minute);
  }
}

function closeMinute(context: Context, minute: number): void {
  const { state } = context;
  const learns = read(state.f64, F64.frozen) === 0;
  // Before anything is learned of this minute, so that all series are judged alike.
  const season = seasonOf(state, minute);
  for (let series = 0; series < SERIES; series += 1) {
    const expected = expectedOf(state, series, season);
    const amount = amountInUnits(state, series);
    checkDrift(context, series, { amount, expected });
    if (learns) learn(state, series, { minute, amount, expected });
    state.f64[AMOUNT + series] = 0;
    state.f32[LIMIT + series] = 0;
  }
  fadeRatios(state, learns);
  noteUsual(state);
  forgetHeaviest(state);
  forgetReached(state);
}
