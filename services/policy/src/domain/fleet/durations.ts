/** Windows and durations as people write them: `30s`, `15m`, `1h`, `7d`, `day`, `month`. */
import type { BudgetWindow } from '../fleet.ts';

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const DAY_MS = 86_400_000;

/** Longest duration: a leap year. */
const DURATION_MAX_MS = 366 * DAY_MS;

/** Milliseconds, or undefined when the text is no duration between 1s and 366d. */
export function parseDuration(text: string): number | undefined {
  const match = /^([1-9]\d{0,8})([smhd])$/.exec(text);
  const unitMs = UNIT_MS[match?.[2] ?? ''];
  if (match === null || unitMs === undefined) return undefined;
  const durationMs = Number(match[1]) * unitMs;
  return durationMs <= DURATION_MAX_MS ? durationMs : undefined;
}

/** The window of a budget, or undefined when the text names none. */
export function parseBudgetWindow(text: string): BudgetWindow | undefined {
  if (text === 'lifetime' || text === 'month') return { kind: text };
  const windowMs = text === 'day' ? DAY_MS : parseDuration(text);
  return windowMs === undefined ? undefined : { kind: 'duration', windowMs };
}

/** The length of a sliding window, ms, or undefined. `day` is 24 hours here. */
export function parseRateWindow(text: string): number | undefined {
  return text === 'day' ? DAY_MS : parseDuration(text);
}
