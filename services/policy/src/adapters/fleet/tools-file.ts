/** tools.yaml: the catalogue: tier, arguments, cost, targets and undo of every tool. */
import { parseToolName, type ToolName } from '@estop/schemas/ids';
import type { Tier } from '@estop/schemas/messages';
import { argumentTypeOf, NO_ARGUMENTS } from '../../domain/fleet/argument-type.ts';
import type { CheckedTool } from '../../domain/fleet/checked-fleet.ts';
import { isJsonObject, parsePointer } from '../../domain/fleet/json-pointer.ts';
import { didYouMean } from '../../domain/fleet/suggestion.ts';
import type { JsonObject } from '../../domain/fleet.ts';
import { createSchemaChecker, type SchemaChecker } from './argument-schema.ts';
import {
  readChoice,
  readFields,
  readInteger,
  readKey,
  readList,
  readMap,
  readParsed,
  readRoot,
  readText,
} from './fields.ts';
import type { FileReport, Place } from './report.ts';
import { Turns } from './turns.ts';
import type { YamlNode } from './yaml-tree.ts';

export const TOOLS_MAX = 10_000;
const TARGETS_MAX = 16;
const TIERS: readonly Tier[] = ['read', 'write', 'destructive', 'financial'];
const TOOL_KEYS = ['tier', 'arguments', 'cost', 'undo', 'targets', 'description'];
const TOOL_RULE = 'a name: letters, digits and . _ : / @ + -, at most 200';
const POINTER_RULE = 'a JSON pointer into the arguments, such as "/recipient"';

interface Reading {
  readonly report: FileReport;
  readonly schemas: SchemaChecker;
}

export interface ToolsFile {
  readonly tools: readonly CheckedTool[];
  /** Also of tools that have problems, so that one mistake is one problem. */
  readonly names: ReadonlySet<string>;
}

/** Rests between tools: compiling a schema takes a millisecond, and there may be thousands. */
export async function readTools(root: YamlNode, report: FileReport): Promise<ToolsFile> {
  const entries = [...readRoot(root, 'tools', report)];
  if (entries.length > TOOLS_MAX) {
    report.problem(root.place, `there are ${entries.length} tools; ${TOOLS_MAX} are allowed`);
    return { tools: [], names: new Set() };
  }
  const reading = { report, schemas: createSchemaChecker() };
  const rules = { what: 'the tool', right: TOOL_RULE, parse: parseToolName, report };
  const undoPlaces = new Map<CheckedTool, Place>();
  const tools: CheckedTool[] = [];
  const turns = new Turns();
  for (const [key, entry] of entries) {
    await turns.rest();
    const name = readKey(key, entry, rules);
    if (name !== undefined && /^tier-(read|write|destructive|financial)$/.test(name)) {
      report.problem(entry.keyPlace, `${name} is the name of a tier in rules`);
      continue;
    }
    const tool = name === undefined ? undefined : readTool(name, entry.value, reading);
    if (tool === undefined) continue;
    if (tool.undo !== null) undoPlaces.set(tool, entry.keyPlace);
    tools.push(tool);
  }
  const names = new Set(entries.map(([name]) => name));
  warnOfUnknownUndo(undoPlaces, names, report);
  return { tools, names };
}

function readTool(name: ToolName, node: YamlNode, reading: Reading): CheckedTool | undefined {
  const { report } = reading;
  const rules = { what: 'a tool', keys: TOOL_KEYS, required: ['tier'] };
  const fields = readFields(node, rules, report);
  if (fields === undefined) return undefined;
  const tierNode = fields.get('tier');
  const tier = tierNode && readChoice(tierNode, { what: 'the tier', choices: TIERS }, report);
  const schema = readArguments(fields.get('arguments'), reading);
  const cost = readCost(fields.get('cost'), schema, report);
  const targets = readTargets(fields.get('targets'), schema, report);
  const undoNode = fields.get('undo');
  const undoRules = { what: 'the tool', right: TOOL_RULE, parse: parseToolName };
  const undo = undoNode === undefined ? null : readParsed(undoNode, undoRules, report);
  const description = fields.get('description');
  if (description !== undefined) readText(description, 'the description', report);
  if (tier === undefined) return undefined;
  const argumentType = schema === null ? NO_ARGUMENTS : argumentTypeOf(schema);
  return { name, tier, argumentSchema: schema, argumentType, cost, targets, undo: undo ?? null };
}

function readArguments(
  node: YamlNode | undefined,
  { report, schemas }: Reading,
): JsonObject | null {
  const map = node === undefined ? undefined : readMap(node, 'arguments', report);
  return map === undefined ? null : (schemas.check(map, report) ?? null);
}

/** Micro-dollars, or where they stand in the arguments. */
function readCost(
  node: YamlNode | undefined,
  schema: JsonObject | null,
  report: FileReport,
): number | string | null {
  if (node === undefined) return null;
  const rules = { what: 'a cost', keys: ['microUsd'], required: ['microUsd'] };
  const amount = readFields(node, rules, report)?.get('microUsd');
  if (amount === undefined) return null;
  const isText = amount.kind === 'scalar' && typeof amount.value === 'string';
  if (!isText) return readInteger(amount, 'the cost', report) ?? null;
  return readPointer(amount, schema, report) ?? null;
}

function readTargets(
  node: YamlNode | undefined,
  schema: JsonObject | null,
  report: FileReport,
): readonly string[] {
  if (node === undefined) return [];
  const read = (item: YamlNode) => readPointer(item, schema, report);
  const targets = readList(node, { what: 'targets', read }, report);
  if (targets.length <= TARGETS_MAX) return [...new Set(targets)];
  report.problem(node.place, `a tool may have at most ${TARGETS_MAX} targets`);
  return [];
}

/** A pointer whose first step the schema knows. */
function readPointer(
  node: YamlNode,
  schema: JsonObject | null,
  report: FileReport,
): string | undefined {
  const parse = (text: string) => (parsePointer(text) === undefined ? undefined : text);
  const pointer = readParsed(node, { what: 'the pointer', right: POINTER_RULE, parse }, report);
  const first = pointer === undefined ? undefined : parsePointer(pointer)?.[0];
  const properties = schema?.['properties'];
  if (first === undefined || !isJsonObject(properties)) return pointer;
  if (schema?.['additionalProperties'] === false && !Object.hasOwn(properties, first)) {
    const hint = didYouMean(first, Object.keys(properties));
    report.problem(node.place, `the tool has no argument "${first}"`, hint);
  }
  return pointer;
}

function warnOfUnknownUndo(
  places: ReadonlyMap<CheckedTool, Place>,
  names: ReadonlySet<string>,
  report: FileReport,
): void {
  for (const [{ name, undo }, place] of places) {
    if (undo === null || names.has(undo)) continue;
    const message = `${name} is undone by ${undo}, which is not in the catalogue`;
    report.warning(place, message, didYouMean(undo, names));
  }
}
