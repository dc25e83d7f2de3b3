/**
 * Turns arguments into Cedar values of their declared types, by closures made once per tool.
 *
 * A value that does not fit its type becomes `MISFIT`, which no rule can read without failing: a
 * rule is never decided by a value of a type it was not checked for. A natural value of the wrong
 * type would not do, because `==` between different types is false rather than an error.
 */
import type { CedarRecord, CedarValue } from '../cedar/values.ts';
import { DecimalValue, I64_MAX, I64_MIN } from '../cedar/values.ts';
import type { Json, JsonObject } from '../fleet.ts';
import { type ArgumentType, RESERVED_NAMES, type RecordField } from './argument-type.ts';
import { isJsonObject } from './json-pointer.ts';

/** Every read of it is an evaluation error: NaN is no Cedar value. */
const MISFIT = Number.NaN;

const DECIMAL_SCALE = 10_000;

const DEPTH_MAX = 64;

type Convert = (value: Json) => CedarValue;

export type ArgumentConverter = (args: JsonObject) => CedarRecord;

export function compileConverter(fields: readonly RecordField[]): ArgumentConverter {
  const steps = fields.map(compileField);
  return (args) => {
    const record: Record<string, CedarValue> = {};
    for (const step of steps) {
      if (!Object.hasOwn(args, step.name)) continue;
      const value = args[step.name];
      if (value === undefined || (value === null && step.nullable)) continue;
      record[step.name] = step.convert(value);
    }
    return record;
  };
}

/**
 * Why no rule may see these arguments: a reserved name, by which JSON could pose as an entity or
 * an extension value, or more nesting than anything downstream should follow.
 */
export function refusalOf(value: Json, depth = 0): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth > DEPTH_MAX) return `arguments are nested deeper than ${DEPTH_MAX}`;
  if (!isJsonObject(value)) return firstRefusal(value, depth);
  for (const name in value) {
    if (RESERVED_NAMES.has(name)) return `the argument name ${name} is reserved`;
    const refusal = refusalOf(value[name] ?? null, depth + 1);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function firstRefusal(items: readonly Json[], depth: number): string | undefined {
  for (const item of items) {
    const refusal = refusalOf(item, depth + 1);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

interface FieldStep {
  readonly name: string;
  readonly nullable: boolean;
  readonly convert: Convert;
}

function compileField({ name, nullable, type }: RecordField): FieldStep {
  return { name, nullable, convert: compileConvert(type) };
}

function compileConvert(type: ArgumentType): Convert {
  switch (type.kind) {
    case 'long':
      return convertLong;
    case 'decimal':
      return convertDecimal;
    case 'string':
      return convertString;
    case 'boolean':
      return convertBoolean;
    case 'set':
      return compileSet(type.element);
    case 'record': {
      const convert = compileConverter(type.fields);
      return (value) => (isJsonObject(value) ? convert(value) : MISFIT);
    }
  }
}

function convertString(value: Json): CedarValue {
  return typeof value === 'string' ? value : MISFIT;
}

function convertBoolean(value: Json): CedarValue {
  return typeof value === 'boolean' ? value : MISFIT;
}

function convertLong(value: Json): CedarValue {
  return Number.isSafeInteger(value) && typeof value === 'number' ? value : MISFIT;
}

function convertDecimal(value: Json): CedarValue {
  if (typeof value !== 'number') return MISFIT;
  const scaled = Math.round(value * DECIMAL_SCALE);
  if (!Number.isSafeInteger(scaled)) return convertLargeDecimal(value);
  // The quotient is the double nearest to the decimal: equal exactly when four places say it all.
  return scaled / DECIMAL_SCALE === value ? new DecimalValue(scaled + 0) : MISFIT;
}

/** Beyond 9e11 a double has no four exact places any more: whole numbers only. */
function convertLargeDecimal(value: number): CedarValue {
  if (!Number.isSafeInteger(value)) return MISFIT;
  const scaled = BigInt(value) * BigInt(DECIMAL_SCALE);
  return scaled >= I64_MIN && scaled <= I64_MAX ? new DecimalValue(scaled) : MISFIT;
}

/** One item that does not fit spoils the set: whether it contains something is then unknown. */
function compileSet(element: ArgumentType): Convert {
  const convert = element.kind === 'record' ? compileWholeRecord(element) : compileConvert(element);
  return (value) => {
    if (!Array.isArray(value)) return MISFIT;
    const items: CedarValue[] = [];
    for (const item of value) {
      const converted = convert(item);
      if (isMisfit(converted)) return MISFIT;
      items.push(converted);
    }
    return items;
  };
}

/** As an item a record is compared as a whole, so that every field of it has to fit. */
function compileWholeRecord({ fields }: { readonly fields: readonly RecordField[] }): Convert {
  const steps = fields.map(compileItemField);
  return (value) => {
    if (!isJsonObject(value)) return MISFIT;
    const record: Record<string, CedarValue> = {};
    for (const { name, convert } of steps) {
      const converted = convert(Object.hasOwn(value, name) ? value[name] : undefined);
      if (converted === undefined) continue;
      if (isMisfit(converted)) return MISFIT;
      record[name] = converted;
    }
    return record;
  };
}

interface ItemField {
  readonly name: string;
  /** Undefined: the field is absent, and may be. */
  readonly convert: (value: Json | undefined) => CedarValue | undefined;
}

function compileItemField({ name, type, nullable, required }: RecordField): ItemField {
  const convert = type.kind === 'record' ? compileWholeRecord(type) : compileConvert(type);
  const absent = required ? MISFIT : undefined;
  return {
    name,
    convert: (value) => {
      if (value === undefined || (value === null && nullable)) return absent;
      return convert(value);
    },
  };
}

function isMisfit(value: CedarValue): boolean {
  return typeof value === 'number' && Number.isNaN(value);
}
