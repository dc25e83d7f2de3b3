/**
 * Equality and set membership. Values of different kinds are simply unequal. Scans are used only
 * where they are short; everything else goes through canonical keys, so that no argument an agent
 * sends can make a comparison quadratic.
 */
import {
  attributeNames,
  type CedarRecord,
  type CedarSet,
  type CedarValue,
  ConstantSet,
  checkedValue,
  DatetimeValue,
  DecimalValue,
  DurationValue,
  EntityUid,
  EvaluationFailure,
  elementsOf,
  isRecord,
  isSet,
} from './values.ts';

/** Values nested deeper than this are refused; cedar-wasm gives up at about the same depth. */
const VALUE_DEPTH_MAX = 128;

/** Up to this many elements a scan is cheaper than building keys. */
const SCANNED_ELEMENTS_MAX = 16;

export function valuesEqual(left: CedarValue, right: CedarValue): boolean {
  if (left === right) return true;
  if (typeof left !== 'object' || typeof right !== 'object') return false;
  if (left instanceof EntityUid) return right instanceof EntityUid && uidsEqual(left, right);
  if (isSet(left)) return isSet(right) && setsEqual(left, right);
  if (isRecord(left)) return isRecord(right) && canonicalKey(left) === canonicalKey(right);
  return canonicalKey(left) === canonicalKey(right);
}

export function uidsEqual(left: EntityUid, right: EntityUid): boolean {
  return left === right || (left.id === right.id && left.type === right.type);
}

export function setContains(set: CedarSet, value: CedarValue): boolean {
  if (set instanceof ConstantSet) {
    return typeof value === 'object'
      ? set.keys.size > 0 && set.keys.has(canonicalKey(value))
      : set.primitives.has(value);
  }
  if (typeof value === 'string' || typeof value === 'boolean') return set.includes(value);
  if (typeof value !== 'object') return set.some((element) => checkedValue(element) === value);
  const key = canonicalKey(value);
  return set.some((element) => typeof element === 'object' && canonicalKey(element) === key);
}

/** True when every element of `right` is in `left`. */
export function setContainsAll(left: CedarSet, right: CedarSet): boolean {
  const contains = membershipOf(left, right);
  return elementsOf(right).every((element) => contains(checkedValue(element)));
}

/** True when some element of `right` is in `left`. */
export function setContainsAny(left: CedarSet, right: CedarSet): boolean {
  const contains = membershipOf(left, right);
  return elementsOf(right).some((element) => contains(checkedValue(element)));
}

export function constantSetOf(elements: readonly CedarValue[]): ConstantSet {
  const composite = elements.filter((element) => typeof element === 'object');
  return new ConstantSet(elements, new Set(composite.map((element) => canonicalKey(element))));
}

/**
 * One string per value, equal exactly when the values are: sets sorted and without duplicates,
 * records sorted by attribute.
 */
export function canonicalKey(value: CedarValue, depth = 0): string {
  if (depth > VALUE_DEPTH_MAX) throw new EvaluationFailure('the value is nested too deeply');
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value !== 'object') return String(value);
  if (value instanceof EntityUid) return `${value.type}::${JSON.stringify(value.id)}`;
  if (value instanceof DecimalValue) return `decimal(${value.scaled})`;
  if (value instanceof DatetimeValue) return `datetime(${value.epochMs})`;
  if (value instanceof DurationValue) return `duration(${value.durationMs})`;
  if (isSet(value)) return `[${[...elementKeys(value, depth)].sort().join()}]`;
  return `{${recordKeys(value, depth).join()}}`;
}

function elementKeys(set: CedarSet, depth: number): Set<string> {
  const keys = new Set<string>();
  for (const element of elementsOf(set)) keys.add(canonicalKey(checkedValue(element), depth + 1));
  return keys;
}

function recordKeys(record: CedarRecord, depth: number): string[] {
  return attributeNames(record)
    .sort()
    .map((name) => {
      const key = canonicalKey(checkedValue(record[name]), depth + 1);
      return `${JSON.stringify(name)}:${key}`;
    });
}

function setsEqual(left: CedarSet, right: CedarSet): boolean {
  return setContainsAll(left, right) && setContainsAll(right, left);
}

/** A test for membership of `set` that stays cheap when `probes` has many elements. */
function membershipOf(set: CedarSet, probes: CedarSet): (value: CedarValue) => boolean {
  if (set instanceof ConstantSet || isShort(set) || elementsOf(probes).length === 1) {
    return (value) => setContains(set, value);
  }
  const keys = elementKeys(set, 0);
  return (value) => keys.has(canonicalKey(value));
}

/** Few elements and none of them composite: nested scans would multiply. */
function isShort(set: readonly CedarValue[]): boolean {
  return set.length <= SCANNED_ELEMENTS_MAX && set.every((element) => typeof element !== 'object');
}
