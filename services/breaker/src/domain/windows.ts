/**
 * The rings of one agent: 60 sub-windows of a second, 60 of a minute, 168 of an hour, in event time.
 * Time moves forward only: a window that was closed is never opened again.
 */
import type { Sample } from './sample.ts';
import {
  type AgentState,
  addUpTo,
  F64,
  HOUR_CALLS,
  HOURS,
  MINUTE_CALLS,
  MINUTE_DENIALS,
  MINUTE_ERRORS,
  MINUTE_SPEND,
  MINUTE_TOKENS,
  MINUTES,
  read,
  SECOND_CALLS,
  SECONDS,
} from './state/layout.ts';

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
/** Money in the ring of minutes is counted in units of this many micro-dollars, rounded up. */
export const MONEY_UNIT_MICRO_USD = 100;

/** What a window holds. */
export interface Counts {
  readonly calls: number;
  readonly errors: number;
  readonly denials: number;
  readonly microUsd: number;
  readonly tokens: number;
}

/** Adds to the open second, minute and hour. */
export function countIn({ f64, u32, u16 }: AgentState, { decision, outcome }: Sample): void {
  const minute = read(f64, F64.minute) % MINUTES;
  if (decision !== null) {
    addUpTo(u16, SECOND_CALLS + (read(f64, F64.second) % SECONDS), 1);
    addUpTo(u16, MINUTE_CALLS + minute, 1);
    addUpTo(u16, HOUR_CALLS + (read(f64, F64.hour) % HOURS), 1);
  }
  if (decision === 'deny') addUpTo(u16, MINUTE_DENIALS + minute, 1);
  if (outcome === null) return;
  if (outcome.status === 'error') addUpTo(u16, MINUTE_ERRORS + minute, 1);
  addUpTo(u32, MINUTE_SPEND + minute, Math.ceil(outcome.microUsd / MONEY_UNIT_MICRO_USD));
  addUpTo(u32, MINUTE_TOKENS + minute, outcome.tokens);
}

/** Opens the second that holds this time; those in between were empty. */
export function openSecond({ f64, u16 }: AgentState, second: number): void {
  const from = Math.max(read(f64, F64.second) + 1, second - SECONDS + 1);
  for (let at = from; at <= second; at += 1) u16[SECOND_CALLS + (at % SECONDS)] = 0;
  f64[F64.second] = second;
}

/** Opens the minute after the one that was closed. */
export function openMinute({ f64, u32, u16 }: AgentState, minute: number): void {
  const at = minute % MINUTES;
  u16[MINUTE_CALLS + at] = 0;
  u16[MINUTE_ERRORS + at] = 0;
  u16[MINUTE_DENIALS + at] = 0;
  u32[MINUTE_SPEND + at] = 0;
  u32[MINUTE_TOKENS + at] = 0;
  f64[F64.minute] = minute;
}

/** Opens an hour; those in between were empty. */
export function openHour({ f64, u16 }: AgentState, hour: number): void {
  const from = Math.max(read(f64, F64.hour) + 1, hour - HOURS + 1);
  for (let at = from; at <= hour; at += 1) u16[HOUR_CALLS + (at % HOURS)] = 0;
  f64[F64.hour] = hour;
}

/** Clears what is older than a minute ring can hold, before a jump in time. */
export function clearMinutes({ u32, u16 }: AgentState): void {
  u16.fill(0, MINUTE_CALLS, MINUTE_CALLS + 3 * MINUTES);
  u32.fill(0, MINUTE_SPEND, MINUTE_SPEND + 2 * MINUTES);
}

/** Calls in the last 60 seconds, the open one included. */
export function callsInLastMinute({ u16 }: AgentState): number {
  return sumOf(u16, SECOND_CALLS, SECONDS);
}

/** What the last 60 minutes held, the open one included. */
export function lastHour({ u16, u32 }: AgentState): Counts {
  return {
    calls: sumOf(u16, MINUTE_CALLS, MINUTES),
    errors: sumOf(u16, MINUTE_ERRORS, MINUTES),
    denials: sumOf(u16, MINUTE_DENIALS, MINUTES),
    microUsd: sumOf(u32, MINUTE_SPEND, MINUTES) * MONEY_UNIT_MICRO_USD,
    tokens: sumOf(u32, MINUTE_TOKENS, MINUTES),
  };
}

/** What the open minute holds. */
export function openMinuteCounts(state: AgentState): Counts {
  return countsOfMinute(state, read(state.f64, F64.minute));
}

/** What one of the last 60 minutes holds, by its number since 1970. */
export function countsOfMinute({ u16, u32 }: AgentState, minute: number): Counts {
  const at = minute % MINUTES;
  return {
    calls: read(u16, MINUTE_CALLS + at),
    errors: read(u16, MINUTE_ERRORS + at),
    denials: read(u16, MINUTE_DENIALS + at),
    microUsd: read(u32, MINUTE_SPEND + at) * MONEY_UNIT_MICRO_USD,
    tokens: read(u32, MINUTE_TOKENS + at),
  };
}

/** Calls of the last `hours` whole hours, the open one left out. */
export function callsInHours({ f64, u16 }: AgentState, hours: number): number {
  const open = read(f64, F64.hour);
  let sum = 0;
  for (let hour = open - hours; hour < open; hour += 1) {
    sum += hour < 0 ? 0 : read(u16, HOUR_CALLS + (hour % HOURS));
  }
  return sum;
}

function sumOf(view: Uint16Array | Uint32Array, start: number, length: number): number {
  let sum = 0;
  for (let at = start; at < start + length; at += 1) sum += read(view, at);
  return sum;
}
