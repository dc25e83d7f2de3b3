/** Operators' absolute bounds, as in `- { measure: spend, limit: 5000000, window: 1h }`. */

import { U16_MAX, U32_MAX } from '../state/layout.ts';
import { MONEY_UNIT_MICRO_USD } from '../windows.ts';
import type { Threshold } from './breaker-config.ts';
import type { Reader } from './reader.ts';

const MEASURES = ['calls', 'spend', 'error-rate', 'deny-rate'] as const;
const WINDOWS = ['1m', '1h'] as const;
const THRESHOLDS_MAX = 6;
const CALLS_MIN = 20;

/** Above these a full window could not show that the bound was passed. */
const BOUNDS: Readonly<Record<Threshold['measure'], number>> = {
  calls: U16_MAX - 1,
  spend: (U32_MAX - 1) * MONEY_UNIT_MICRO_USD,
  'error-rate': 1_000,
  'deny-rate': 1_000,
};

export function parseThresholds(
  reader: Reader,
  value: unknown,
  place: string,
): readonly Threshold[] {
  const items = reader.list(value ?? [], place);
  if (items.length > THRESHOLDS_MAX) {
    reader.problem(place, `has ${items.length} thresholds; ${THRESHOLDS_MAX} are allowed`);
  }
  return items.flatMap((item, n) => parseThreshold(reader, item, `${place}[${n}]`) ?? []);
}

function parseThreshold(reader: Reader, value: unknown, place: string): Threshold | undefined {
  const fields = reader.map(value, place, ['measure', 'limit', 'window', 'callsMin']);
  const measure = reader.choice(fields.get('measure'), `${place}.measure`, MEASURES);
  const window = reader.choice(fields.get('window'), `${place}.window`, WINDOWS);
  const max = measure === undefined ? Number.MAX_SAFE_INTEGER : BOUNDS[measure];
  const bounds = { min: 1, max, isWhole: true };
  const limit = reader.number(fields.get('limit'), `${place}.limit`, bounds);
  const whole = { min: 1, max: U16_MAX, isWhole: true };
  const callsMin = reader.number(fields.get('callsMin'), `${place}.callsMin`, whole) ?? CALLS_MIN;
  if (limit === undefined && !fields.has('limit')) reader.problem(place, 'needs "limit"');
  if (measure === undefined || window === undefined || limit === undefined) return undefined;
  return { measure, limit, windowMs: window === '1m' ? 60_000 : 3_600_000, callsMin };
}
