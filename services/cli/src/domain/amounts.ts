/** Amounts and times as people read them. */
const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** An amount in the unit of its limit: micro-dollars as dollars. */
export function formatAmount(amount: number, unit: string): string {
  return unit === 'microUsd' ? formatDollars(amount) : `${amount} ${unit}`;
}

/** Micro-dollars as dollars, with as many decimals as are needed, at least two. */
export function formatDollars(microUsd: number): string {
  const sign = microUsd < 0 ? '-' : '';
  const digits = String(Math.abs(microUsd)).padStart(7, '0');
  const cents = digits.slice(-6).replace(/0{1,4}$/, '');
  return `${sign}$${digits.slice(0, -6)}.${cents}`;
}

/** A span in its largest unit: 900 ms, 12 s, 5 min, 3 h, 2 d. */
export function formatSpan(ms: number): string {
  if (ms < SECOND_MS) return `${Math.max(Math.round(ms), 0)} ms`;
  if (ms < MINUTE_MS) return `${Math.round(ms / SECOND_MS)} s`;
  if (ms < HOUR_MS) return `${Math.round(ms / MINUTE_MS)} min`;
  return ms < DAY_MS ? `${Math.round(ms / HOUR_MS)} h` : `${Math.round(ms / DAY_MS)} d`;
}

/** A moment in UTC, to the second. Empty when there is none. */
export function formatTime(ms: number | null): string {
  if (ms === null || !Number.isFinite(ms) || Math.abs(ms) > 8.64e15) return '';
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')}Z`;
}

/** The clock part of a moment in UTC. */
export function formatClock(ms: number | null): string {
  return formatTime(ms).slice(11, 19);
}
