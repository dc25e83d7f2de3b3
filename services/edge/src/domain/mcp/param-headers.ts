/**
 * Arguments that a tool wants repeated in headers (2026-07-28): a property of its input schema names
 * one by `x-mcp-header`, and the client sends `Mcp-Param-<name>`.
 */
import type { JsonRecord } from '../call.ts';
import { isRecord } from './frame.ts';

export interface ParamHeader {
  /** In lower case, without the prefix. */
  readonly name: string;
  /** Keys from the arguments down to the value. */
  readonly path: readonly string[];
  /** Its values are compared as numbers: `42.0` is `42`. */
  readonly isNumeric: boolean;
}

const DEPTH_MAX = 100;
const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
const TYPES = ['string', 'integer', 'number', 'boolean'];

/** What the definition of a tool declares; a name that is declared twice is declared by nobody. */
export function paramHeadersOf(tool: JsonRecord): readonly ParamHeader[] {
  const found: ParamHeader[] = [];
  collect(tool['inputSchema'], [], found);
  const isOnce = ({ name }: ParamHeader) => found.filter((one) => one.name === name).length === 1;
  return found.filter(isOnce);
}

/** Only below `properties`: elsewhere nobody can say which value is meant. */
function collect(schema: unknown, path: readonly string[], found: ParamHeader[]): void {
  if (!isRecord(schema) || path.length > DEPTH_MAX) return;
  const { 'x-mcp-header': header, type, properties } = schema;
  if (typeof header === 'string' && path.length > 0 && TYPES.includes(String(type))) {
    const name = header.toLowerCase();
    const isNumeric = type === 'integer' || type === 'number';
    if (TOKEN.test(name)) found.push({ name, path, isNumeric });
  }
  if (!isRecord(properties)) return;
  for (const [key, child] of Object.entries(properties)) collect(child, [...path, key], found);
}

/** Values by name, as they were sent and decoded; undefined: could not be decoded. */
export type GivenHeaders = ReadonlyMap<string, string | undefined>;

/** Why the headers do not say what the arguments say; undefined when they do. */
export function paramFlaw(
  declared: readonly ParamHeader[],
  args: JsonRecord,
  { given, isRequired }: { readonly given: GivenHeaders; readonly isRequired: boolean },
): string | undefined {
  const unknown = [...given.keys()].find((name) => !declared.some((one) => one.name === name));
  if (unknown !== undefined) return `the tool declares no header mcp-param-${unknown}`;
  for (const header of declared) {
    const { name } = header;
    const value = textOf(valueAt(args, header.path));
    const isGiven = given.has(name);
    if (!isGiven && (value === undefined || !isRequired)) continue;
    const said = given.get(name);
    if (isGiven && said !== undefined && isSame(said, value, header)) continue;
    return `the header mcp-param-${name} says ${shown(said)}, the arguments ${shown(value)}`;
  }
  return undefined;
}

function isSame(said: string, value: string | undefined, { isNumeric }: ParamHeader): boolean {
  if (said === value) return true;
  const isDecimal = isNumeric && /^-?\d+(\.\d+)?$/.test(said);
  return isDecimal && value !== undefined && String(Number(said)) === value;
}

function valueAt(args: JsonRecord, path: readonly string[]): unknown {
  let value: unknown = args;
  for (const key of path) {
    value = isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  }
  return value;
}

function textOf(value: unknown): string | undefined {
  const isSimple = ['string', 'number', 'boolean'].includes(typeof value);
  return isSimple ? String(value) : undefined;
}

function shown(value: string | undefined): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
