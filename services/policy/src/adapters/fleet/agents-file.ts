/** agents.yaml: the agents of the fleet, their owners, groups, attributes and keys. */
import { type AgentId, parseAgentId } from '@estop/schemas/ids';
import type { AttributeType } from '../../domain/fleet/cedar-schema.ts';
import type { FleetAgent } from '../../domain/fleet.ts';
import { readFields, readKey, readMap, readParsed, readRoot, shortened } from './fields.ts';
import { NAME_RULE, PERSON, readGroups } from './people-file.ts';
import type { FileReport, Place } from './report.ts';
import type { YamlNode } from './yaml-tree.ts';

export const AGENTS_MAX = 20_000;
const ATTRIBUTES_MAX = 64;
const ATTRIBUTE_LENGTH_MAX = 1_000;
const PUBLIC_KEYS_MAX = 16;
/** No dot: it ends the key id in a signature header. */
const KEY_ID_PATTERN = /^[A-Za-z0-9_-]{1,64}$/;
/** 32 bytes in base64url; the last character holds 4 bits. */
const PUBLIC_KEY_PATTERN = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

export interface AgentsFile {
  readonly agents: readonly FleetAgent[];
  /** Also of agents that have problems, so that one mistake is one problem. */
  readonly names: ReadonlySet<string>;
  /** Type of every attribute that any agent has. */
  readonly attributes: readonly AttributeType[];
  readonly ownerPlaces: ReadonlyMap<string, Place>;
}

export const NO_AGENTS: AgentsFile = {
  agents: [],
  names: new Set(),
  attributes: [],
  ownerPlaces: new Map(),
};

interface SeenAttribute {
  readonly kind: AttributeType['kind'];
  readonly agent: AgentId;
  count: number;
}

interface Reading {
  readonly report: FileReport;
  readonly seen: Map<string, SeenAttribute>;
  readonly ownerPlaces: Map<string, Place>;
}

export function readAgents(root: YamlNode, report: FileReport): AgentsFile {
  const reading: Reading = { report, seen: new Map(), ownerPlaces: new Map() };
  const entries = [...readRoot(root, 'agents', report)];
  if (entries.length > AGENTS_MAX) {
    report.problem(root.place, `there are ${entries.length} agents; ${AGENTS_MAX} are allowed`);
    return NO_AGENTS;
  }
  const rules = { what: 'the agent', right: NAME_RULE, parse: parseAgentId, report };
  const agents = entries.flatMap(([key, entry]) => {
    const id = readKey(key, entry, rules);
    const agent = id === undefined ? undefined : readAgent(id, entry.value, reading);
    return agent === undefined ? [] : [agent];
  });
  const attributes = [...reading.seen].map(([name, { kind, count }]) => {
    return { name, kind, required: count === agents.length };
  });
  const names = new Set(entries.map(([name]) => name));
  return { agents, names, attributes, ownerPlaces: reading.ownerPlaces };
}

function readAgent(id: AgentId, node: YamlNode, reading: Reading): FleetAgent | undefined {
  const { report } = reading;
  const rules = { what: 'an agent', keys: ['owner', 'groups', 'attributes', 'publicKeys'] };
  const fields = readFields(node, rules, report);
  if (fields === undefined) return undefined;
  const ownerNode = fields.get('owner');
  const owner = ownerNode === undefined ? undefined : readParsed(ownerNode, PERSON, report);
  if (owner !== undefined && ownerNode !== undefined) {
    reading.ownerPlaces.set(owner, ownerNode.place);
  }
  return {
    id,
    owner: owner ?? null,
    groups: readGroups(fields, report),
    attributes: readAttributes(id, fields.get('attributes'), reading),
    publicKeys: readPublicKeys(fields.get('publicKeys'), report),
  };
}

function readAttributes(
  id: AgentId,
  node: YamlNode | undefined,
  { report, seen }: Reading,
): FleetAgent['attributes'] {
  const map = node === undefined ? undefined : readMap(node, 'attributes', report);
  const attributes: [string, string | number | boolean][] = [];
  for (const [name, { keyPlace, value: node }] of map?.entries ?? []) {
    const value = readAttribute(node, report);
    if (value === undefined) continue;
    const kind = kindOf(value);
    const known = seen.get(name);
    if (known === undefined) seen.set(name, { kind, agent: id, count: 1 });
    else if (known.kind === kind) known.count += 1;
    else {
      const message = `the attribute "${name}" is ${withArticle(kind)} here`;
      const hint = `it is ${withArticle(known.kind)} for ${known.agent}: one type for all agents`;
      report.problem(keyPlace, message, hint);
    }
    attributes.push([name, value]);
  }
  if (map !== undefined && map.entries.size > ATTRIBUTES_MAX) {
    report.problem(map.place, `an agent may have at most ${ATTRIBUTES_MAX} attributes`);
  }
  return Object.fromEntries(attributes);
}

function readAttribute(node: YamlNode, report: FileReport): string | number | boolean | undefined {
  const value = node.kind === 'scalar' ? node.value : null;
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string' && value.length <= ATTRIBUTE_LENGTH_MAX) return value;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  const message = 'an attribute must be a text, a whole number, true or false';
  report.problem(node.place, message, typeof value === 'number' ? 'put it in quotes' : undefined);
  return undefined;
}

function readPublicKeys(node: YamlNode | undefined, report: FileReport): Record<string, string> {
  const map = node === undefined ? undefined : readMap(node, 'publicKeys', report);
  const keys: [string, string][] = [];
  for (const [keyId, { keyPlace, value }] of map?.entries ?? []) {
    if (!KEY_ID_PATTERN.test(keyId)) {
      const right = 'letters, digits, _ and -, at most 64';
      report.problem(keyPlace, `the key id "${shortened(keyId)}" is not ${right}`);
    }
    const parse = (text: string) => (PUBLIC_KEY_PATTERN.test(text) ? text : undefined);
    const right = 'a raw Ed25519 key: 32 bytes in base64url, 43 characters';
    const key = readParsed(value, { what: 'the public key', right, parse }, report);
    if (key !== undefined) keys.push([keyId, key]);
  }
  if (keys.length > PUBLIC_KEYS_MAX && map !== undefined) {
    report.problem(map.place, `an agent may have at most ${PUBLIC_KEYS_MAX} public keys`);
  }
  return Object.fromEntries(keys);
}

function kindOf(value: string | number | boolean): AttributeType['kind'] {
  if (typeof value === 'number') return 'long';
  return typeof value === 'string' ? 'string' : 'boolean';
}

function withArticle(kind: AttributeType['kind']): string {
  return { string: 'a text', long: 'a whole number', boolean: 'true or false' }[kind];
}
