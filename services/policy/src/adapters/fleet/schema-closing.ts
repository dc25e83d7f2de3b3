/**
 * Unknown arguments are refused: a misspelt or invented argument must not slip through. JSON
 * Schema lets them pass, so every object that names its properties and says nothing about others
 * gets `additionalProperties: false`; one that combines schemas gets `unevaluatedProperties:
 * false`, which sees through the combination. The arguments as a whole are always closed:
 * a tool that takes anything says `additionalProperties: true`.
 */

import { escapePointerStep, isJsonObject } from '../../domain/fleet/json-pointer.ts';
import type { Json, JsonObject } from '../../domain/fleet.ts';

const SCHEMA_KEYS = new Set([
  'items',
  'additionalProperties',
  'unevaluatedProperties',
  'unevaluatedItems',
  'contains',
  'propertyNames',
  'not',
  'if',
  'then',
  'else',
]);
const SCHEMA_MAP_KEYS = new Set([
  'properties',
  'patternProperties',
  '$defs',
  'definitions',
  'dependentSchemas',
]);
const SCHEMA_LIST_KEYS = new Set(['prefixItems', 'allOf', 'anyOf', 'oneOf']);
/** Keywords whose schemas look at the same object as the one that holds them. */
const SAME_OBJECT_KEYS = new Set(['not', 'if', 'then', 'else', 'dependentSchemas']);
const COMBINING_KEYS = ['$ref', 'allOf', 'anyOf', 'oneOf', 'if', 'dependentSchemas'];

interface Closing {
  /** Pointers of definitions that are one part of an object: another part names other properties. */
  readonly parts: ReadonlySet<string>;
}

/** A subschema, where it stands, and whether it describes a whole object rather than a part. */
export interface Subschema {
  readonly schema: Json;
  readonly steps: readonly string[];
  readonly whole: boolean;
}

/** The schema of a tool's arguments, closed. */
export function closedSchema(schema: JsonObject): JsonObject {
  const { $schema: _dialect, $id: _id, ...root } = schema;
  const typed = { ...root, type: root['type'] ?? 'object' };
  const parts = partsOf({ schema: typed, steps: [], whole: true }, new Set());
  const closed = closedPart({ schema: typed, steps: [], whole: true }, { parts });
  return isJsonObject(closed) ? closed : typed;
}

/** All schemas inside one, each once. */
export function subschemasOf({ schema, steps, whole }: Subschema): readonly Subschema[] {
  if (!isJsonObject(schema)) return [];
  return Object.entries(schema).flatMap(([key, value]): Subschema[] => {
    const below = [...steps, key];
    const inside = { whole: describesWhole(schema, key, whole) };
    if (SCHEMA_KEYS.has(key)) return [{ schema: value, steps: below, ...inside }];
    if (SCHEMA_MAP_KEYS.has(key) && isJsonObject(value)) {
      const named = Object.entries(value);
      return named.map(([name, one]) => ({ schema: one, steps: [...below, name], ...inside }));
    }
    if (!SCHEMA_LIST_KEYS.has(key) || !Array.isArray(value)) return [];
    return value.map((one, at) => ({ schema: one, steps: [...below, String(at)], ...inside }));
  });
}

/** Whether the schemas under a keyword describe whole objects. */
function describesWhole(schema: JsonObject, key: string, whole: boolean): boolean {
  if (SAME_OBJECT_KEYS.has(key)) return false;
  const alone = whole && schema['properties'] === undefined;
  if (key === 'anyOf' || key === 'oneOf') return alone;
  if (key === 'allOf')
    return alone && Array.isArray(schema['allOf']) && schema['allOf'].length === 1;
  return true;
}

function partsOf(part: Subschema, parts: Set<string>): Set<string> {
  const { schema, whole } = part;
  const ref = isJsonObject(schema) ? schema['$ref'] : undefined;
  if (typeof ref === 'string' && isJsonObject(schema)) {
    if (!whole || schema['properties'] !== undefined) parts.add(ref);
  }
  for (const below of subschemasOf(part)) partsOf(below, parts);
  return parts;
}

function closedPart(part: Subschema, closing: Closing): Json {
  const { schema, steps } = part;
  if (!isJsonObject(schema)) return schema;
  const whole = part.whole && !closing.parts.has(`#${pointerOf(steps)}`);
  const copy: Record<string, Json> = { ...schema };
  for (const below of subschemasOf({ ...part, whole })) {
    place(copy, below.steps.slice(steps.length), closedPart(below, closing));
  }
  const keyword = whole ? closingKeyword(schema, steps.length === 0) : undefined;
  return keyword === undefined ? copy : { ...copy, [keyword]: false };
}

/** Puts a schema back one or two steps below its holder, copying what lies between. */
function place(
  holder: Record<string, Json>,
  [key = '', name]: readonly string[],
  value: Json,
): void {
  if (name === undefined) {
    holder[key] = value;
    return;
  }
  const between = holder[key];
  if (Array.isArray(between))
    holder[key] = between.map((one, at) => (String(at) === name ? value : one));
  else if (isJsonObject(between)) holder[key] = { ...between, [name]: value };
}

function closingKeyword(schema: JsonObject, isRoot: boolean): string | undefined {
  const { type } = schema;
  if (type !== 'object' && !(Array.isArray(type) && type.includes('object'))) return undefined;
  if (schema['additionalProperties'] !== undefined) return undefined;
  if (schema['unevaluatedProperties'] !== undefined) return undefined;
  const combines = COMBINING_KEYS.some((key) => schema[key] !== undefined);
  const names = schema['properties'] !== undefined || (combines && branchesName(schema));
  if (!isRoot && !names) return undefined;
  return combines ? 'unevaluatedProperties' : 'additionalProperties';
}

/** True when a combined schema names properties. */
function branchesName(schema: JsonObject): boolean {
  if (schema['$ref'] !== undefined) return true;
  return [schema['allOf'], schema['anyOf'], schema['oneOf']].some(
    (branches) =>
      Array.isArray(branches) &&
      branches.some(
        (branch) => branch?.['properties'] !== undefined || branch?.['$ref'] !== undefined,
      ),
  );
}

export function pointerOf(steps: readonly string[]): string {
  return steps.map((step) => `/${escapePointerStep(step)}`).join('');
}
