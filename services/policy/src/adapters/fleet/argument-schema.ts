/** Checks the JSON Schema of a tool's arguments, strictly, and closes it. */
import { messageOf } from '@estop/schemas/errors';
import { RESERVED_NAMES } from '../../domain/fleet/argument-type.ts';
import { isJsonObject, parsePointer } from '../../domain/fleet/json-pointer.ts';
import { didYouMean } from '../../domain/fleet/suggestion.ts';
import type { Json, JsonObject } from '../../domain/fleet.ts';
import { createAjv, patternRefusal } from './ajv.ts';
import { shortened } from './fields.ts';
import type { FileReport, Place } from './report.ts';
import { closedSchema, type Subschema, subschemasOf } from './schema-closing.ts';
import { jsonOfMap, type YamlMap, type YamlNode } from './yaml-tree.ts';

/** Comparing objects pair by pair takes quadratic time: such arrays have to be short. */
const UNIQUE_ITEMS_MAX = 1_000;
const SCALAR_TYPES = new Set<Json>(['string', 'integer', 'number', 'boolean', 'null']);
/** They give schemas identities beyond their tool, or change meaning by where they are used from. */
const REFUSED_KEYS = new Set([
  '$id',
  '$schema',
  '$anchor',
  '$async',
  '$dynamicRef',
  '$dynamicAnchor',
  '$recursiveRef',
  '$recursiveAnchor',
]);

export interface SchemaChecker {
  /** The closed schema, or undefined after a problem. */
  readonly check: (node: YamlMap, report: FileReport) => JsonObject | undefined;
}

/** One checker per fleet: Ajv is set up once, and equal schemas are compiled once. */
export function createSchemaChecker(): SchemaChecker {
  const ajv = createAjv({ allErrors: true, optimize: false });
  const compiled = new Set<string>();
  return {
    check: (node, report) => {
      const schema = jsonOfMap(node);
      let found = 0;
      const finding: Finding = (steps, message, hint) => {
        found += 1;
        report.problem(placeOf(node, steps), message, hint);
      };
      if (schema['type'] !== undefined && schema['type'] !== 'object') {
        finding(['type'], 'the arguments of a tool are an object', 'write type: object');
      }
      checkParts({ schema, steps: [], whole: true }, finding);
      if (found > 0) return undefined;
      const closed = closedSchema(schema);
      const key = JSON.stringify(closed);
      if (compiled.has(key)) return closed;
      checkWithAjv(ajv, closed, finding);
      if (found > 0) return undefined;
      compiled.add(key);
      return closed;
    },
  };
}

/** Against the meta-schema first, for the places; then strictly, by compiling. */
function checkWithAjv(
  ajv: ReturnType<typeof createAjv>,
  schema: JsonObject,
  finding: Finding,
): void {
  if (!ajv.validateSchema(schema)) {
    for (const { instancePath, message } of ajv.errors?.slice(0, 3) ?? []) {
      finding(parsePointer(instancePath) ?? [], `not JSON Schema 2020-12: ${message}`);
    }
    return;
  }
  try {
    ajv.compile(schema);
  } catch (error) {
    const { message, keyword } = readable(messageOf(error));
    const hint = keyword === undefined ? undefined : didYouMean(keyword, KEYWORDS);
    finding(keyword === undefined ? [] : stepsToKey(schema, keyword), message, hint);
  } finally {
    ajv.removeSchema(schema);
  }
}

type Finding = (steps: readonly string[], message: string, hint?: string) => void;

/** What Ajv would accept and estop does not, at every level. */
function checkParts(part: Subschema, finding: Finding): void {
  const { schema, steps } = part;
  if (isJsonObject(schema)) {
    for (const [key, value] of Object.entries(schema)) {
      checkKeyword({ key, value, schema, steps }, finding);
    }
  }
  for (const below of subschemasOf(part)) checkParts(below, finding);
}

interface Keyword {
  readonly key: string;
  readonly value: Json;
  readonly schema: JsonObject;
  readonly steps: readonly string[];
}

function checkKeyword({ key, value, schema, steps }: Keyword, finding: Finding): void {
  const here = [...steps, key];
  const isDialect = steps.length === 0 && (key === '$schema' || key === '$id');
  if (REFUSED_KEYS.has(key) && !isDialect) finding(here, `"${key}" is not supported here`);
  switch (key) {
    case '$ref':
      return checkRef(value, here, finding);
    case 'pattern':
      return checkPattern(value, here, finding);
    case 'patternProperties':
      for (const name of keysOf(value)) checkPattern(name, [...here, name], finding);
      return;
    case 'properties':
      for (const name of keysOf(value)) {
        if (RESERVED_NAMES.has(name)) finding([...here, name], `the name ${name} is reserved`);
      }
      return;
    case 'required':
      return checkRequired(schema, here, finding);
    case 'uniqueItems':
      return checkUniqueItems(schema, here, finding);
  }
}

function keysOf(value: Json): readonly string[] {
  return isJsonObject(value) ? Object.keys(value) : [];
}

function checkRef(ref: Json, steps: readonly string[], finding: Finding): void {
  if (typeof ref === 'string' && ref.startsWith('#')) return;
  finding(steps, '$ref can only point into the same schema', 'as in "#/$defs/name"');
}

function checkUniqueItems(schema: JsonObject, steps: readonly string[], finding: Finding): void {
  if (schema['uniqueItems'] !== true || isShortOrScalar(schema)) return;
  const hint = `add maxItems, at most ${UNIQUE_ITEMS_MAX}`;
  finding(steps, 'uniqueItems needs items of a simple type or a bound', hint);
}

function checkPattern(pattern: Json, steps: readonly string[], finding: Finding): void {
  if (typeof pattern !== 'string') return;
  const refusal = patternRefusal(pattern);
  if (refusal === undefined) return;
  const hint = 'patterns are RE2: no look-around and no back-references';
  finding(steps, `the pattern cannot be used: ${shortened(refusal)}`, hint);
}

/** A required property that no schema names could never be given. */
function checkRequired(schema: JsonObject, steps: readonly string[], finding: Finding): void {
  const { properties, required } = schema;
  if (!isJsonObject(properties) || !Array.isArray(required)) return;
  const isOpen = schema['additionalProperties'] ?? schema['unevaluatedProperties'];
  const combines = ['allOf', 'anyOf', 'oneOf', '$ref', 'if'].some((key) => key in schema);
  if ((isOpen !== undefined && isOpen !== false) || combines) return;
  required.forEach((name, at) => {
    if (typeof name !== 'string' || Object.hasOwn(properties, name)) return;
    const hint = didYouMean(name, Object.keys(properties));
    finding([...steps, String(at)], `"${shortened(name)}" is required but no property`, hint);
  });
}

function isShortOrScalar({ items, maxItems }: JsonObject): boolean {
  if (typeof maxItems === 'number' && maxItems <= UNIQUE_ITEMS_MAX) return true;
  const type = isJsonObject(items) ? (items['type'] ?? null) : null;
  return (Array.isArray(type) ? type : [type]).every((one) => SCALAR_TYPES.has(one));
}

/** Ajv's message without its prefix, and the keyword it complains about. */
function readable(text: string): { readonly message: string; readonly keyword?: string } {
  const message = shortenedTo(text.replace(/^strict mode: /, ''), 300);
  const keyword = /unknown keyword: "([^"]+)"/.exec(message)?.[1];
  return keyword === undefined ? { message } : { message, keyword };
}

function shortenedTo(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

/** Where a key first stands in a schema, depth first. */
function stepsToKey(value: Json, key: string, steps: readonly string[] = []): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  if (isJsonObject(value) && Object.hasOwn(value, key)) return [...steps, key];
  for (const [name, below] of Object.entries(value)) {
    const found = stepsToKey(below, key, [...steps, name]);
    if (found.length > 0) return found;
  }
  return [];
}

/** The place of what the steps lead to, or of the last thing on the way that exists. */
export function placeOf(node: YamlNode, steps: readonly string[]): Place {
  let place = node.place;
  let current: YamlNode | undefined = node;
  for (const step of steps) {
    if (current.kind === 'map') {
      const entry = current.entries.get(step);
      if (entry === undefined) return place;
      place = entry.keyPlace;
      current = entry.value;
    } else {
      current = current.kind === 'list' ? current.items[Number(step)] : undefined;
      if (current === undefined) return place;
      place = current.place;
    }
  }
  return place;
}

const KEYWORDS = [
  'type properties required additionalProperties unevaluatedProperties patternProperties',
  'propertyNames minProperties maxProperties items prefixItems contains minItems maxItems',
  'uniqueItems minContains maxContains enum const minimum maximum exclusiveMinimum',
  'exclusiveMaximum multipleOf minLength maxLength pattern format allOf anyOf oneOf not if then',
  'else dependentSchemas dependentRequired title description default examples deprecated',
  'readOnly writeOnly $defs definitions $ref $comment nullable',
].flatMap((line) => line.split(' '));
