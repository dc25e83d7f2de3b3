/** limits.yaml: absolute ceilings per window, and sliding windows of calls. */
import {
  type AgentId,
  type GroupName,
  parseAgentId,
  parseBudgetId,
  parseGroupName,
  parseRateId,
  parseToolName,
} from '@estop/schemas/ids';
import type { LimitScope, ScopedBudget, ScopedRate } from '../../domain/fleet/checked-fleet.ts';
import { parseBudgetWindow, parseRateWindow } from '../../domain/fleet/durations.ts';
import { compileGlob } from '../../domain/fleet/limit-index.ts';
import { didYouMean } from '../../domain/fleet/suggestion.ts';
import type { BudgetUnit } from '../../domain/fleet.ts';
import {
  readChoice,
  readFields,
  readInteger,
  readList,
  readParsed,
  readText,
  shortened,
} from './fields.ts';
import { NAME_RULE } from './people-file.ts';
import type { FileReport } from './report.ts';
import type { YamlNode } from './yaml-tree.ts';

export const LIMITS_MAX = 1_000;
const UNITS: readonly BudgetUnit[] = ['calls', 'tokens', 'microUsd'];
const TOOL_GLOB_PATTERN = /^[A-Za-z0-9_*][A-Za-z0-9._:/@+*-]{0,199}$/;
const DURATION_RULE = 'a time from 1s to 366d, such as 30s, 15m, 1h or 7d';

/** What limits may speak of. */
export interface KnownNames {
  readonly agents: ReadonlySet<string>;
  readonly groups: ReadonlySet<string>;
  /** Undefined: there is no catalogue to compare with. */
  readonly tools: ReadonlySet<string> | undefined;
}

export interface LimitsFile {
  readonly budgets: readonly ScopedBudget[];
  readonly rates: readonly ScopedRate[];
}

interface Reading {
  readonly report: FileReport;
  readonly known: KnownNames;
  readonly idPlaces: Map<string, number>;
}

export function readLimits(root: YamlNode, known: KnownNames, report: FileReport): LimitsFile {
  const reading: Reading = { report, known, idPlaces: new Map() };
  const fields = readFields(root, { what: report.file, keys: ['budgets', 'rates'] }, report);
  const read = <T>(key: string, item: (node: YamlNode) => T | undefined): readonly T[] => {
    const node = fields?.get(key);
    return node === undefined ? [] : readList(node, { what: key, read: item }, report);
  };
  const limits = {
    budgets: read('budgets', (node) => readBudget(node, reading)),
    rates: read('rates', (node) => readRate(node, reading)),
  };
  const count = limits.budgets.length + limits.rates.length;
  if (count > LIMITS_MAX) {
    report.problem(root.place, `there are ${count} limits; ${LIMITS_MAX} are allowed`);
  }
  return limits;
}

function readBudget(node: YamlNode, reading: Reading): ScopedBudget | undefined {
  const { report } = reading;
  const keys = ['id', 'scope', 'unit', 'ceiling', 'window'];
  const fields = readFields(node, { what: 'a budget', keys, required: keys }, report);
  const id = readId(fields?.get('id'), parseBudgetId, reading);
  const scope = readScope(fields?.get('scope'), reading);
  const unitNode = fields?.get('unit');
  const unit = unitNode && readChoice(unitNode, { what: 'the unit', choices: UNITS }, report);
  const ceilingNode = fields?.get('ceiling');
  const ceiling = ceilingNode && readInteger(ceilingNode, 'the ceiling', report);
  const windowNode = fields?.get('window');
  const right = `lifetime, day, month or ${DURATION_RULE}`;
  const windowRules = { what: 'the window', right, parse: parseBudgetWindow };
  const window = windowNode && readParsed(windowNode, windowRules, report);
  if (id === undefined || scope === undefined || unit === undefined) return undefined;
  if (ceiling === undefined || window === undefined || windowNode === undefined) return undefined;
  const windowText = readText(windowNode, 'the window', report) ?? '';
  return { id, scope, unit, ceiling, window, windowText, shared: scope.agent === null };
}

function readRate(node: YamlNode, reading: Reading): ScopedRate | undefined {
  const { report } = reading;
  const keys = ['id', 'scope', 'limit', 'window'];
  const fields = readFields(node, { what: 'a rate', keys, required: keys }, report);
  const id = readId(fields?.get('id'), parseRateId, reading);
  const scope = readScope(fields?.get('scope'), reading);
  const limitNode = fields?.get('limit');
  const limit = limitNode && readInteger(limitNode, 'the limit', report);
  const windowNode = fields?.get('window');
  const windowRules = { what: 'the window', right: DURATION_RULE, parse: parseRateWindow };
  const windowMs = windowNode && readParsed(windowNode, windowRules, report);
  if (id === undefined || scope === undefined) return undefined;
  if (limit === undefined || windowMs === undefined) return undefined;
  return { id, scope, limit, windowMs, shared: scope.agent === null };
}

/** Ids are unique among all limits: people raise and read a limit by its id alone. */
function readId<T extends string>(
  node: YamlNode | undefined,
  parse: (text: string) => T | undefined,
  { report, idPlaces }: Reading,
): T | undefined {
  if (node === undefined) return undefined;
  const id = readParsed(node, { what: 'the id', right: NAME_RULE, parse }, report);
  if (id === undefined) return undefined;
  const first = idPlaces.get(id);
  if (first === undefined) idPlaces.set(id, node.place.line);
  else report.problem(node.place, `the id "${id}" is used twice`, `first in line ${first}`);
  return id;
}

function readScope(node: YamlNode | undefined, reading: Reading): LimitScope | undefined {
  if (node === undefined) return undefined;
  const { report } = reading;
  const rules = { what: 'a scope', keys: ['fleet', 'group', 'agent', 'tool'] };
  const fields = readFields(node, rules, report);
  if (fields === undefined) return undefined;
  if (fields.size === 0) {
    report.problem(node.place, 'a scope says whom it counts', 'for example { agent: "*" }');
    return undefined;
  }
  readFleetFlag(fields.get('fleet'), report);
  const groupNode = fields.get('group');
  const group = groupNode === undefined ? null : readScopeGroup(groupNode, reading);
  const toolNode = fields.get('tool');
  const tool = toolNode === undefined ? null : readScopeTool(toolNode, reading);
  const agentNode = fields.get('agent');
  const agent = agentNode === undefined ? null : readScopeAgent(agentNode, reading);
  if (agent === undefined || group === undefined || tool === undefined) return undefined;
  return { agent, group, tool };
}

function readFleetFlag(node: YamlNode | undefined, report: FileReport): void {
  if (node === undefined || (node.kind === 'scalar' && node.value === true)) return;
  report.problem(node.place, '"fleet" can only be true', 'leave it out otherwise');
}

function readScopeAgent(node: YamlNode, { report, known }: Reading): AgentId | '*' | undefined {
  const text = readText(node, 'the agent', report);
  if (text === undefined || text === '*') return text;
  const id = parseAgentId(text);
  if (id !== undefined && known.agents.has(id)) return id;
  const hint = didYouMean(text, known.agents) ?? 'an agent of agents.yaml, or "*" for each of them';
  report.problem(node.place, `there is no agent "${shortened(text)}"`, hint);
  return undefined;
}

function readScopeGroup(node: YamlNode, { report, known }: Reading): GroupName | undefined {
  const text = readText(node, 'the group', report);
  if (text === undefined) return undefined;
  const group = parseGroupName(text);
  if (group !== undefined && known.groups.has(group)) return group;
  const hint = didYouMean(text, known.groups);
  report.problem(node.place, `no agent is in a group "${shortened(text)}"`, hint);
  return undefined;
}

function readScopeTool(node: YamlNode, { report, known }: Reading): string | undefined {
  const text = readText(node, 'the tool', report);
  if (text === undefined) return undefined;
  if (!TOOL_GLOB_PATTERN.test(text)) {
    const right = 'a tool name, in which * stands for any text';
    report.problem(node.place, `the tool "${shortened(text)}" is not ${right}`);
    return undefined;
  }
  if (known.tools === undefined || matchesAny(text, known.tools)) return text;
  const isGlob = text.includes('*');
  const hint = didYouMean(text, known.tools);
  if (isGlob) report.warning(node.place, `no tool of tools.yaml matches "${text}"`, hint);
  else if (parseToolName(text) !== undefined) {
    report.problem(node.place, `there is no tool "${text}" in tools.yaml`, hint);
  }
  return text;
}

function matchesAny(glob: string, tools: ReadonlySet<string>): boolean {
  if (!glob.includes('*')) return tools.has(glob);
  const matches = compileGlob(glob);
  for (const tool of tools) if (matches(tool)) return true;
  return false;
}
