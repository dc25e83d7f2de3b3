/** The operators that are plain functions of their operands' values, by their EST names. */
import { addLongs, multiplyLongs, negateLong, subtractLongs } from './arithmetic.ts';
import { setContains, setContainsAll, setContainsAny, valuesEqual } from './equality.ts';
import { asBoolean } from './expression.ts';
import {
  type CedarLong,
  type CedarSet,
  type CedarValue,
  DatetimeValue,
  DurationValue,
  elementsOf,
  isLong,
  isSet,
  typeFailure,
} from './values.ts';

export type UnaryOperator = (value: CedarValue) => CedarValue;
export type BinaryOperator = (left: CedarValue, right: CedarValue) => CedarValue;

export const UNARY_OPERATORS: ReadonlyMap<string, UnaryOperator> = new Map<string, UnaryOperator>([
  ['!', (value) => !asBoolean(value)],
  ['neg', (value) => negateLong(asLong(value))],
  ['isEmpty', (value) => elementsOf(asSet(value)).length === 0],
]);

export const BINARY_OPERATORS: ReadonlyMap<string, BinaryOperator> = new Map<
  string,
  BinaryOperator
>([
  ['==', valuesEqual],
  ['!=', (left, right) => !valuesEqual(left, right)],
  ['<', isLess],
  ['<=', isLessOrEqual],
  ['>', (left, right) => !isLessOrEqual(left, right)],
  ['>=', (left, right) => !isLess(left, right)],
  ['+', (left, right) => addLongs(asLong(left), asLong(right))],
  ['-', (left, right) => subtractLongs(asLong(left), asLong(right))],
  ['*', (left, right) => multiplyLongs(asLong(left), asLong(right))],
  ['contains', (left, right) => setContains(asSet(left), right)],
  ['containsAll', (left, right) => setContainsAll(asSet(left), asSet(right))],
  ['containsAny', (left, right) => setContainsAny(asSet(left), asSet(right))],
]);

function isLess(left: CedarValue, right: CedarValue): boolean {
  if (typeof left === 'number' && typeof right === 'number') return left < right;
  return orderedLong(left) < orderedLong(right, left);
}

function isLessOrEqual(left: CedarValue, right: CedarValue): boolean {
  if (typeof left === 'number' && typeof right === 'number') return left <= right;
  return orderedLong(left) <= orderedLong(right, left);
}

/** The long by which a value is ordered; `like` is the other operand, which must be of its kind. */
function orderedLong(value: CedarValue, like: CedarValue = value): CedarLong {
  if (isLong(value) && isLong(like)) return value;
  if (value instanceof DatetimeValue && like instanceof DatetimeValue) return value.epochMs;
  if (value instanceof DurationValue && like instanceof DurationValue) return value.durationMs;
  throw typeFailure('two longs, two datetimes or two durations', value);
}

function asLong(value: CedarValue): CedarLong {
  if (isLong(value)) return value;
  throw typeFailure('long', value);
}

function asSet(value: CedarValue): CedarSet {
  if (isSet(value)) return value;
  throw typeFailure('set', value);
}
