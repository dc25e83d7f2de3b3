/** Reading typed values out of YAML, with a problem at the right place for everything else. */
import { didYouMean } from '../../domain/fleet/suggestion.ts';
import type { FileReport } from './report.ts';
import type { YamlEntry, YamlMap, YamlNode } from './yaml-tree.ts';

/** Largest amount or count: with room for sums below 2^53. */
export const INTEGER_MAX = 4_000_000_000_000_000;

/** A map, or undefined after a problem. Null is an empty map: `billing-bot:` with nothing said. */
export function readMap(node: YamlNode, what: string, report: FileReport): YamlMap | undefined {
  if (node.kind === 'map') return node;
  if (isNull(node)) return { kind: 'map', place: node.place, entries: new Map() };
  report.problem(node.place, `${what} must be a map, not ${kindOf(node)}`);
  return undefined;
}

export interface FieldRules {
  /** As in "a tool", for messages. */
  readonly what: string;
  readonly keys: readonly string[];
  readonly required?: readonly string[];
}

/** The fields of a map of known keys; unknown ones are problems with a suggestion. */
export function readFields(
  node: YamlNode,
  { what, keys, required = [] }: FieldRules,
  report: FileReport,
): ReadonlyMap<string, YamlNode> | undefined {
  const map = readMap(node, what, report);
  if (map === undefined) return undefined;
  const fields = new Map<string, YamlNode>();
  for (const [key, { keyPlace, value }] of map.entries) {
    if (keys.includes(key)) fields.set(key, value);
    else {
      const hint = didYouMean(key, keys) ?? `it may have: ${keys.join(', ')}`;
      report.problem(keyPlace, `${what} has no "${key}"`, hint);
    }
  }
  for (const key of required) {
    if (!fields.has(key)) report.problem(map.place, `${what} needs "${key}"`);
  }
  return fields;
}

/** The entries of the one map a file holds under its key, as in `agents:` of agents.yaml. */
export function readRoot(
  root: YamlNode,
  key: string,
  report: FileReport,
): ReadonlyMap<string, YamlEntry> {
  const fields = readFields(root, { what: report.file, keys: [key], required: [key] }, report);
  const node = fields?.get(key);
  const map = node === undefined ? undefined : readMap(node, `"${key}"`, report);
  return map?.entries ?? new Map();
}

export function readText(node: YamlNode, what: string, report: FileReport): string | undefined {
  if (node.kind === 'scalar' && typeof node.value === 'string') return node.value;
  const hint =
    node.kind === 'scalar' && node.value !== null
      ? `write "${String(node.value)}" in quotes`
      : undefined;
  report.problem(node.place, `${what} must be a text, not ${kindOf(node)}`, hint);
  return undefined;
}

/** A text that `parse` accepts; `right` says what would be. */
export function readParsed<T>(
  node: YamlNode,
  { what, right, parse }: ParseRules<T>,
  report: FileReport,
): T | undefined {
  const text = readText(node, what, report);
  if (text === undefined) return undefined;
  const value = parse(text);
  if (value === undefined) {
    report.problem(node.place, `${what} "${shortened(text)}" is not ${right}`);
  }
  return value;
}

export interface ParseRules<T> {
  readonly what: string;
  readonly right: string;
  readonly parse: (text: string) => T | undefined;
}

/** A key that is an id, as the names of agents and tools are. */
export function readKey<T>(
  key: string,
  { keyPlace }: YamlEntry,
  { parse, what, right, report }: ParseRules<T> & { readonly report: FileReport },
): T | undefined {
  const value = parse(key);
  if (value === undefined) {
    report.problem(keyPlace, `${what} "${shortened(key)}" is not ${right}`);
  }
  return value;
}

/** A whole number from 0 to INTEGER_MAX. */
export function readInteger(node: YamlNode, what: string, report: FileReport): number | undefined {
  const value = node.kind === 'scalar' ? node.value : undefined;
  if (typeof value !== 'number') {
    report.problem(node.place, `${what} must be a whole number, not ${kindOf(node)}`);
    return undefined;
  }
  if (Number.isInteger(value) && value >= 0 && value <= INTEGER_MAX) return value;
  const wrong = Number.isInteger(value) ? `from 0 to ${INTEGER_MAX}` : 'without a fraction';
  report.problem(node.place, `${what} must be a whole number ${wrong}, not ${value}`);
  return undefined;
}

export function readChoice<T extends string>(
  node: YamlNode,
  { what, choices }: { readonly what: string; readonly choices: readonly T[] },
  report: FileReport,
): T | undefined {
  const text = readText(node, what, report);
  if (text === undefined) return undefined;
  const choice = choices.find((one) => one === text);
  if (choice === undefined) {
    const message = `${what} must be ${orList(choices)}, not "${shortened(text)}"`;
    report.problem(node.place, message, didYouMean(text, choices));
  }
  return choice;
}

/** The items of a list, each read by `read`; those with problems are left out. */
export function readList<T>(
  node: YamlNode,
  { what, read }: { readonly what: string; readonly read: (item: YamlNode) => T | undefined },
  report: FileReport,
): readonly T[] {
  if (isNull(node)) return [];
  if (node.kind !== 'list') {
    report.problem(node.place, `${what} must be a list, not ${kindOf(node)}`);
    return [];
  }
  return node.items.flatMap((item) => {
    const value = read(item);
    return value === undefined ? [] : [value];
  });
}

export function shortened(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 57)}…`;
}

function orList(choices: readonly string[]): string {
  return `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`;
}

function isNull(node: YamlNode): boolean {
  return node.kind === 'scalar' && node.value === null;
}

function kindOf(node: YamlNode): string {
  if (node.kind !== 'scalar') return `a ${node.kind}`;
  return node.value === null ? 'nothing' : `${typeof node.value} ${shortened(String(node.value))}`;
}
