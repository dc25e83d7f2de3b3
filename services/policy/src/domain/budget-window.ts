/** Windows of budgets: aligned to UTC, so that every reader of the log finds the same ones. */
import type { BudgetWindow } from './fleet.ts';

const DAY_MS = 86_400_000;
const DAYS_PER_ERA = 146_097;
const DAYS_PER_YEAR = 365;

/** Start of the window that holds a time, ms; 0 for a lifetime. */
export function windowStartOf(window: BudgetWindow, atMs: number): number {
  switch (window.kind) {
    case 'lifetime':
      return 0;
    case 'duration':
      return atMs - (atMs % window.windowMs);
    case 'month':
      return monthStartMs(atMs);
  }
}

/** When the window that holds a time ends, ms; null for a lifetime. */
export function windowEndOf(window: BudgetWindow, atMs: number): number | null {
  switch (window.kind) {
    case 'lifetime':
      return null;
    case 'duration':
      return windowStartOf(window, atMs) + window.windowMs;
    case 'month':
      // 31 days and some after the first of a month always lie in the next one.
      return monthStartMs(monthStartMs(atMs) + 31 * DAY_MS + DAY_MS / 2);
  }
}

/**
 * First instant of the UTC month. Days to civil date by Howard Hinnant's algorithm
 * (chrono-compatible low-level date algorithms, civil_from_days), for times after 1970.
 */
function monthStartMs(atMs: number): number {
  const days = Math.floor(atMs / DAY_MS);
  const dayOfEra = (days + 719_468) % DAYS_PER_ERA;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      DAYS_PER_YEAR,
  );
  const dayOfYear =
    dayOfEra -
    (DAYS_PER_YEAR * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const dayOfMonth = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5);
  return (days - dayOfMonth) * DAY_MS;
}
