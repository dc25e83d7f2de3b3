/**
 * Extension functions and methods by their EST names. Addresses (`ip` and its methods) are not
 * here: policies that use them are outside the compiled subset.
 */
import { asDecimal, decimalOf } from './decimals.ts';
import type { BinaryOperator, UnaryOperator } from './operators.ts';
import {
  DAY_MS,
  datetimeOf,
  durationOf,
  durationSince,
  HOUR_MS,
  MINUTE_MS,
  offset,
  SECOND_MS,
  toDate,
  toTime,
  unitsOf,
} from './times.ts';

export const UNARY_FUNCTIONS: ReadonlyMap<string, UnaryOperator> = new Map<string, UnaryOperator>([
  ['decimal', decimalOf],
  ['datetime', datetimeOf],
  ['duration', durationOf],
  ['toDate', toDate],
  ['toTime', toTime],
  ['toMilliseconds', (span) => unitsOf(span, 1)],
  ['toSeconds', (span) => unitsOf(span, SECOND_MS)],
  ['toMinutes', (span) => unitsOf(span, MINUTE_MS)],
  ['toHours', (span) => unitsOf(span, HOUR_MS)],
  ['toDays', (span) => unitsOf(span, DAY_MS)],
]);

export const BINARY_FUNCTIONS: ReadonlyMap<string, BinaryOperator> = new Map<
  string,
  BinaryOperator
>([
  ['lessThan', (left, right) => asDecimal(left).scaled < asDecimal(right).scaled],
  ['lessThanOrEqual', (left, right) => asDecimal(left).scaled <= asDecimal(right).scaled],
  ['greaterThan', (left, right) => asDecimal(left).scaled > asDecimal(right).scaled],
  ['greaterThanOrEqual', (left, right) => asDecimal(left).scaled >= asDecimal(right).scaled],
  ['offset', offset],
  ['durationSince', durationSince],
]);
