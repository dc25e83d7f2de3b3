/** Spans of time as people write them in a query or a body: `250ms`, `30s`, `15m`, `2h`, `7d`. */

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/**
 * What `parseDuration` accepts, for schemas and messages. From any time of our lives on it ends at
 * a time that is exact in milliseconds.
 */
export const DURATION_PATTERN = '^([0-9]{1,9}(ms|s|m|h)|[0-9]{1,7}d)$';
const DURATION = new RegExp(DURATION_PATTERN);

/** Milliseconds, or undefined when the text is no span of time. */
export function parseDuration(text: string): number | undefined {
  if (!DURATION.test(text)) return undefined;
  const unit = text.replace(/^\d+/, '');
  const amount = Number(text.slice(0, text.length - unit.length));
  return amount * (UNIT_MS[unit] ?? Number.NaN);
}
