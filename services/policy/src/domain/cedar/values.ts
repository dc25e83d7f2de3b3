/**
 * The values a policy works on, as they live in memory. Longs are JS numbers while they are safe
 * integers and bigints beyond; sets are arrays (or a `ConstantSet` made at compile time); records
 * are objects of which only own properties count. Entities and extension values are instances of
 * the classes here, never tagged plain objects: no untrusted JSON can pretend to be one.
 */

/** What tells our own values from records with one look: a record is any other object. */
abstract class TaggedValue {}

/** A reference to an entity: its type and id; attributes and parents travel with the request. */
export class EntityUid extends TaggedValue {
  readonly type: string;
  readonly id: string;

  constructor(type: string, id: string) {
    super();
    this.type = type;
    this.id = id;
  }
}

/** A Cedar decimal: an i64 count of ten-thousandths, a number while that is a safe integer. */
export class DecimalValue extends TaggedValue {
  readonly scaled: number | bigint;

  constructor(scaled: number | bigint) {
    super();
    this.scaled = scaled;
  }
}

/** A moment: milliseconds since the Unix epoch, i64. */
export class DatetimeValue extends TaggedValue {
  readonly epochMs: number | bigint;

  constructor(epochMs: number | bigint) {
    super();
    this.epochMs = epochMs;
  }
}

/** A span of time in milliseconds, i64. */
export class DurationValue extends TaggedValue {
  readonly durationMs: number | bigint;

  constructor(durationMs: number | bigint) {
    super();
    this.durationMs = durationMs;
  }
}

/** A set all of whose elements were known when the policy was compiled: a look-up, not a scan. */
export class ConstantSet extends TaggedValue {
  readonly elements: readonly CedarValue[];
  readonly primitives: ReadonlySet<CedarValue>;
  /** Canonical keys of the elements that are no primitives. */
  readonly keys: ReadonlySet<string>;

  constructor(elements: readonly CedarValue[], keys: ReadonlySet<string>) {
    super();
    this.elements = elements;
    this.primitives = new Set(elements.filter((element) => typeof element !== 'object'));
    this.keys = keys;
  }
}

export interface CedarRecord {
  readonly [attribute: string]: CedarValue | undefined;
}

export type CedarLong = number | bigint;

export type CedarSet = readonly CedarValue[] | ConstantSet;

export type CedarValue =
  | string
  | boolean
  | CedarLong
  | EntityUid
  | DecimalValue
  | DatetimeValue
  | DurationValue
  | CedarSet
  | CedarRecord;

/** An entity of a request. Without attributes and parents the policies know nothing of it. */
export interface CedarEntity {
  readonly uid: EntityUid;
  /** All ancestors, not only the nearest. */
  readonly parents?: readonly EntityUid[];
  readonly attributes?: CedarRecord;
}

/**
 * Why one policy could not be evaluated. Thrown inside the evaluator only, caught per policy and
 * reported as data. No `Error`: collecting a stack costs more than the whole evaluation.
 */
export class EvaluationFailure {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

export const I64_MIN = -(2n ** 63n);
export const I64_MAX = 2n ** 63n - 1n;

/**
 * A value read out of a request, in normal form: a bigint that is a safe integer becomes a number.
 * Fails on what Cedar has no value for: null, fractions, integers beyond i64, functions, symbols.
 */
export function checkedValue(value: unknown): CedarValue {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      if (Number.isSafeInteger(value)) return value;
      throw new EvaluationFailure(`\`${value}\` is not an integer that a number holds exactly`);
    case 'bigint':
      return longOf(value);
    case 'object':
      if (stands(value)) return value;
      throw new EvaluationFailure('null is not a value');
    default:
      throw new EvaluationFailure(`a value of JavaScript type ${typeof value} is not a value`);
  }
}

/** Any object stands for a value: a tagged class, an array, or a record of its own properties. */
function stands(value: object | null): value is CedarValue & object {
  return value !== null;
}

/** The long of a bigint in its normal form; fails beyond i64. */
export function longOf(value: bigint): CedarLong {
  const long = longIfI64(value);
  if (long === undefined) throw new EvaluationFailure(`integer overflow: \`${value}\``);
  return long;
}

/** As `longOf`, but undefined beyond i64. */
export function longIfI64(value: bigint): CedarLong | undefined {
  if (value >= -9007199254740991n && value <= 9007199254740991n) return Number(value);
  return value >= I64_MIN && value <= I64_MAX ? value : undefined;
}

export function isLong(value: CedarValue): value is CedarLong {
  return typeof value === 'number' || typeof value === 'bigint';
}

export function isSet(value: CedarValue): value is CedarSet {
  return Array.isArray(value) || value instanceof ConstantSet;
}

export function isRecord(value: CedarValue): value is CedarRecord {
  return typeof value === 'object' && !Array.isArray(value) && !(value instanceof TaggedValue);
}

/** The elements of a set, in no order that matters and possibly with duplicates. */
export function elementsOf(set: CedarSet): readonly CedarValue[] {
  return set instanceof ConstantSet ? set.elements : set;
}

/** The value of an own attribute, or undefined. An own property that holds undefined is absent. */
export function attributeOf(record: CedarRecord, attribute: string): CedarValue | undefined {
  if (!Object.hasOwn(record, attribute)) return undefined;
  const value = record[attribute];
  return value === undefined ? undefined : checkedValue(value);
}

/** The attributes a record really has: own, and not undefined. */
export function attributeNames(record: CedarRecord): string[] {
  return Object.keys(record).filter((name) => record[name] !== undefined);
}

/** What kind of value it is, for messages. */
export function kindOf(value: CedarValue): string {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (isLong(value)) return 'long';
  if (value instanceof EntityUid) return `entity of type \`${value.type}\``;
  if (value instanceof DecimalValue) return 'decimal';
  if (value instanceof DatetimeValue) return 'datetime';
  if (value instanceof DurationValue) return 'duration';
  return isSet(value) ? 'set' : 'record';
}

/** A type error, worded as Cedar words it. */
export function typeFailure(expected: string, value: CedarValue): EvaluationFailure {
  return new EvaluationFailure(`type error: expected ${expected}, got ${kindOf(value)}`);
}
