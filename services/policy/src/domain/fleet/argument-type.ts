/**
 * The Cedar type of a tool's arguments, read from its JSON Schema. What has no Cedar type (objects
 * without named properties, unions of different types, tuples, schemas that refer to themselves)
 * is left out: rules cannot read it, and the reason is kept for whoever tries.
 */
import type { Json, JsonObject } from '../fleet.ts';
import { isJsonObject, parsePointer, propertyOf, valueAt } from './json-pointer.ts';

export type ArgumentType =
  | { readonly kind: 'long' | 'decimal' | 'string' | 'boolean' }
  | { readonly kind: 'set'; readonly element: ArgumentType }
  | RecordType;

export interface RecordType {
  readonly kind: 'record';
  readonly fields: readonly RecordField[];
  /** Properties that rules cannot read, and why. */
  readonly untyped: readonly UntypedField[];
}

export interface RecordField {
  readonly name: string;
  readonly type: ArgumentType;
  /** False: rules must ask `has` first. */
  readonly required: boolean;
  /** Null counts as absent. */
  readonly nullable: boolean;
}

export interface UntypedField {
  readonly name: string;
  readonly why: string;
}

/** Names that Cedar's JSON or JavaScript gives a meaning of their own; no argument may have them. */
export const RESERVED_NAMES: ReadonlySet<string> = new Set([
  '__entity',
  '__extn',
  '__expr',
  '__proto__',
]);

export const NO_ARGUMENTS: RecordType = { kind: 'record', fields: [], untyped: [] };

const DEPTH_MAX = 16;
/** Definitions that are referred to again and again multiply; beyond this nothing more is typed. */
const FIELDS_MAX = 2_000;

interface Typed {
  readonly type: ArgumentType;
  readonly nullable: boolean;
}
interface Untyped {
  readonly why: string;
}
interface Reading {
  readonly root: JsonObject;
  readonly depth: number;
  /** References being followed. */
  readonly refs: readonly string[];
  readonly budget: { fields: number };
}

/** The record of a tool's arguments. Total: takes any JSON value for a schema. */
export function argumentTypeOf(schema: JsonObject): RecordType {
  const reading = { root: schema, depth: 0, refs: [], budget: { fields: FIELDS_MAX } };
  const read = typeOf(schema, reading);
  return 'type' in read && read.type.kind === 'record' ? read.type : NO_ARGUMENTS;
}

function typeOf(schema: Json | undefined, reading: Reading): Typed | Untyped {
  if (!isJsonObject(schema)) return { why: 'its schema takes any value' };
  if (reading.depth > DEPTH_MAX) return { why: 'it is nested too deeply' };
  if (typeof schema['$ref'] === 'string') return referredType(schema['$ref'], reading);
  if (schema['type'] !== undefined) return declaredType(schema, reading);
  const branches = schema['anyOf'] ?? schema['oneOf'];
  if (Array.isArray(branches)) return unionType(branches, reading);
  const all = schema['allOf'];
  if (Array.isArray(all) && all.length === 1) return typeOf(all[0], deeper(reading));
  const values = schema['const'] === undefined ? schema['enum'] : [schema['const']];
  if (Array.isArray(values)) return typeOfValues(values);
  if (isJsonObject(schema['properties'])) return recordType(schema, reading);
  return { why: 'its schema names no type' };
}

function referredType(ref: string, reading: Reading): Typed | Untyped {
  if (reading.refs.includes(ref)) return { why: 'its schema refers to itself' };
  const steps = ref.startsWith('#') ? parsePointer(decodeFragment(ref.slice(1))) : undefined;
  const target = steps === undefined ? undefined : valueAt(reading.root, steps);
  if (target === undefined) return { why: 'its schema refers to nothing' };
  return typeOf(target, { ...deeper(reading), refs: [...reading.refs, ref] });
}

function decodeFragment(fragment: string): string {
  try {
    return decodeURIComponent(fragment);
  } catch {
    return '';
  }
}

/** From the keyword `type`, whose list may hold `null` and, besides, one type. */
function declaredType(schema: JsonObject, reading: Reading): Typed | Untyped {
  const declared = schema['type'] ?? null;
  const names = Array.isArray(declared) ? declared : [declared];
  const nullable = names.includes('null') || schema['nullable'] === true;
  const others = new Set(names.filter((name) => name !== 'null'));
  if (others.has('number')) others.delete('integer');
  const [name] = others;
  if (others.size !== 1) return { why: 'it may have more than one type' };
  switch (name) {
    case 'integer':
      return { type: { kind: 'long' }, nullable };
    case 'number':
      return { type: { kind: 'decimal' }, nullable };
    case 'string':
    case 'boolean':
      return { type: { kind: name }, nullable };
    case 'array':
      return { ...setType(schema, reading), nullable };
    case 'object':
      return { ...recordType(schema, reading), nullable };
    default:
      return { why: 'its type is not one of JSON Schema' };
  }
}

/** `anyOf` and `oneOf`: one type, given more than once or together with null. */
function unionType(branches: readonly Json[], reading: Reading): Typed | Untyped {
  const others = branches.filter((branch) => !isNullSchema(branch));
  const [first, ...rest] = others.map((branch) => typeOf(branch, deeper(reading)));
  if (first === undefined || !('type' in first)) return first ?? { why: 'it is always null' };
  const key = JSON.stringify(first.type);
  let nullable = first.nullable || others.length < branches.length;
  for (const other of rest) {
    if (!('type' in other) || JSON.stringify(other.type) !== key) {
      return { why: 'it may have more than one type' };
    }
    nullable ||= other.nullable;
  }
  return { type: first.type, nullable };
}

function isNullSchema(schema: Json): boolean {
  return propertyOf(schema, 'type') === 'null' || propertyOf(schema, 'const') === null;
}

function typeOfValues(values: readonly Json[]): Typed | Untyped {
  const others = values.filter((value) => value !== null);
  const nullable = others.length < values.length;
  if (others.length === 0) return { why: 'it is always null' };
  if (others.every((value) => typeof value === 'string')) {
    return { type: { kind: 'string' }, nullable };
  }
  if (others.every((value) => typeof value === 'boolean')) {
    return { type: { kind: 'boolean' }, nullable };
  }
  if (others.every((value) => Number.isSafeInteger(value))) {
    return { type: { kind: 'long' }, nullable };
  }
  return { why: 'its values have more than one type' };
}

function setType(schema: JsonObject, reading: Reading): Omit<Typed, 'nullable'> | Untyped {
  if (schema['prefixItems'] !== undefined) return { why: 'it is a tuple' };
  const element = typeOf(schema['items'], deeper(reading));
  if (!('type' in element)) return { why: `of its items: ${element.why}` };
  return { type: { kind: 'set', element: element.type } };
}

function recordType(schema: JsonObject, reading: Reading): Typed | Untyped {
  const properties = schema['properties'];
  if (!isJsonObject(properties)) return { why: 'it is an object without named properties' };
  const required = schema['required'];
  const isRequired = (name: string) => Array.isArray(required) && required.includes(name);
  const fields: RecordField[] = [];
  const untyped: UntypedField[] = [];
  for (const [name, property] of Object.entries(properties)) {
    reading.budget.fields -= 1;
    const read = fieldType(name, property, reading);
    if (!('type' in read)) untyped.push({ name, why: read.why });
    else {
      const { type, nullable } = read;
      fields.push({ name, type, required: isRequired(name) && !nullable, nullable });
    }
  }
  return { type: { kind: 'record', fields, untyped }, nullable: false };
}

function fieldType(name: string, property: Json, reading: Reading): Typed | Untyped {
  if (RESERVED_NAMES.has(name)) return { why: 'its name is reserved' };
  if (reading.budget.fields < 0) return { why: 'the schema has too many properties' };
  return typeOf(property, deeper(reading));
}

function deeper(reading: Reading): Reading {
  return { ...reading, depth: reading.depth + 1 };
}
