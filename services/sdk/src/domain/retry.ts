/** When to ask again, and how long to wait before: bounded, jittered, and as the server asks. */

/** Most requests for one question. */
export const ATTEMPTS_MAX = 6;
const FIRST_PAUSE_MS = 100;
const PAUSE_MS_MAX = 2_000;

export interface Attempt {
  /** Requests made so far, at least 1. */
  readonly attempts: number;
  /** What is left of the time for this question, ms. */
  readonly remainingMs: number;
  /** The server's Retry-After, ms; null when it sent none. */
  readonly retryAfterMs: number | null;
  /** A random number, 0 ≤ n < 1. */
  readonly random: number;
}

/**
 * How long to pause before the next request, ms, or null to give up. Full jitter over a doubling
 * pause, so that a fleet does not come back in step, and never sooner than the server asks.
 */
export function pauseBeforeRetry(attempt: Attempt): number | null {
  if (attempt.attempts >= ATTEMPTS_MAX) return null;
  const ceilingMs = Math.min(FIRST_PAUSE_MS * 2 ** (attempt.attempts - 1), PAUSE_MS_MAX);
  const pauseMs = (attempt.retryAfterMs ?? 0) + Math.ceil(ceilingMs * attempt.random);
  return pauseMs < attempt.remainingMs ? pauseMs : null;
}

/** Whether an HTTP status says "not now" rather than "no". */
export function isRetryableStatus(status: number): boolean {
  return status === 429 || status === 408 || status >= 500;
}

/** A Retry-After header in ms; it holds seconds or an HTTP date. Null when it is neither. */
export function retryAfterMsOf(header: string | null, nowMs: number): number | null {
  if (header === null) return null;
  if (/^\d{1,6}$/.test(header.trim())) return Number(header) * 1_000;
  const atMs = Date.parse(header);
  return Number.isNaN(atMs) ? null : Math.max(atMs - nowMs, 0);
}
