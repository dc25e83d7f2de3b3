/**
 * YAML as a tree of plain data in which every node knows its place. YAML 1.2 core schema only:
 * no merge keys, no tags beyond it, no duplicate keys, few aliases.
 */

import { messageOf } from '@estop/schemas/errors';
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
} from 'yaml';
import type { Json, JsonObject } from '../../domain/fleet.ts';
import { FILE_START, type FileReport, type Place } from './report.ts';

export type YamlNode = YamlMap | YamlList | YamlScalar;

export interface YamlMap {
  readonly kind: 'map';
  readonly place: Place;
  readonly entries: ReadonlyMap<string, YamlEntry>;
}

export interface YamlEntry {
  readonly keyPlace: Place;
  readonly value: YamlNode;
}

export interface YamlList {
  readonly kind: 'list';
  readonly place: Place;
  readonly items: readonly YamlNode[];
}

export interface YamlScalar {
  readonly kind: 'scalar';
  readonly place: Place;
  readonly value: string | number | boolean | null;
}

const NODES_MAX = 1_000_000;
const ALIASES_MAX = 100;
const DEPTH_MAX = 64;
/** Brackets deeper than this would exhaust the parser's stack before its tree can be looked at. */
const BRACKETS_MAX = 1_000;
const CORE_TAGS = /^(tag:yaml\.org,2002:(str|int|float|bool|null|map|seq))$/;

interface Walk {
  readonly document: Document;
  readonly lines: LineCounter;
  readonly report: FileReport;
  nodes: number;
  aliases: number;
  /** Set by the first thing that makes the rest meaningless. */
  failed: boolean;
}

/** The root of a file, or undefined when it cannot be read; an empty file is null. */
export function readYaml(text: string, report: FileReport): YamlNode | undefined {
  if (bracketDepthOf(text) > BRACKETS_MAX) {
    report.problem(FILE_START, `the file is nested deeper than ${DEPTH_MAX}`);
    return undefined;
  }
  try {
    return readDocument(text, report);
  } catch (error) {
    report.problem(FILE_START, `the file cannot be read as YAML: ${messageOf(error)}`);
    return undefined;
  }
}

function readDocument(text: string, report: FileReport): YamlNode | undefined {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    version: '1.2',
    schema: 'core',
    merge: false,
    // Checked below with a map: the parser compares each key with every other.
    uniqueKeys: false,
    prettyErrors: false,
    lineCounter: lines,
  });
  for (const { pos, message } of [...document.errors, ...document.warnings]) {
    report.problem(placeAt(lines, pos[0]), `not YAML: ${firstLine(message)}`);
  }
  if (document.errors.length + document.warnings.length > 0) return undefined;
  if (document.contents === null) return { kind: 'scalar', place: FILE_START, value: null };
  const walk = { document, lines, report, nodes: 0, aliases: 0, failed: false };
  const root = treeOf(document.contents, walk, { depth: 0 });
  return walk.failed ? undefined : root;
}

/** The plain data of a tree. */
export function jsonOf(node: YamlNode): Json {
  switch (node.kind) {
    case 'map':
      return jsonOfMap(node);
    case 'list':
      return node.items.map(jsonOf);
    case 'scalar':
      return node.value;
  }
}

export function jsonOfMap(node: YamlMap): JsonObject {
  return Object.fromEntries([...node.entries].map(([key, { value }]) => [key, jsonOf(value)]));
}

interface Where {
  readonly depth: number;
  /** Where the node is used, when that is not where it is written. */
  readonly place?: Place;
}

function treeOf(node: Node | null, walk: Walk, where: Where): YamlNode {
  const place = where.place ?? placeAt(walk.lines, node?.range?.[0] ?? 0);
  const nothing: YamlScalar = { kind: 'scalar', place, value: null };
  if (node === null || walk.failed) return nothing;
  walk.nodes += 1;
  if (walk.nodes > NODES_MAX) return fail(walk, nothing, 'the file has too many values');
  if (where.depth > DEPTH_MAX) {
    return fail(walk, nothing, `the file is nested deeper than ${DEPTH_MAX}`);
  }
  const at = { depth: where.depth + 1, place };
  if (isAlias(node)) return resolved(node, walk, at);
  if (node.tag !== undefined && !CORE_TAGS.test(node.tag)) {
    return fail(walk, nothing, `the tag ${node.tag} is not supported`);
  }
  if (isMap<Node, Node | null>(node)) return mapOf(node.items, walk, at);
  if (isSeq<Node>(node)) {
    const { depth } = at;
    return { kind: 'list', place, items: node.items.map((item) => treeOf(item, walk, { depth })) };
  }
  return isScalar(node) ? scalarOf(node.value, walk, nothing) : nothing;
}

/** What an alias stands for, as if it were written in its place. */
function resolved(alias: Alias, walk: Walk, at: Required<Where>): YamlNode {
  const nothing: YamlScalar = { kind: 'scalar', place: at.place, value: null };
  walk.aliases += 1;
  if (walk.aliases > ALIASES_MAX) {
    return fail(walk, nothing, `the file uses more than ${ALIASES_MAX} aliases`);
  }
  const target = alias.resolve(walk.document);
  if (target === undefined) return fail(walk, nothing, `there is no anchor &${alias.source}`);
  return treeOf(target, walk, at);
}

interface YamlPair {
  readonly key: Node | null;
  readonly value: Node | null;
}

/** `depth` is that of the values. */
function mapOf(pairs: readonly YamlPair[], walk: Walk, { depth, place }: Required<Where>): YamlMap {
  const entries = new Map<string, YamlEntry>();
  for (const { key, value } of pairs) {
    const keyPlace = placeAt(walk.lines, key?.range?.[0] ?? 0);
    const name = nameOf(key, { walk, keyPlace });
    if (name === undefined) continue;
    const first = entries.get(name);
    if (first === undefined) {
      const where = value === null ? { depth, place: keyPlace } : { depth };
      entries.set(name, { keyPlace, value: treeOf(value, walk, where) });
    } else {
      const hint = `first in line ${first.keyPlace.line}`;
      walk.report.problem(keyPlace, `the key "${name}" is given twice`, hint);
    }
  }
  return { kind: 'map', place, entries };
}

/** The text of a key, or undefined after a problem. */
function nameOf(
  key: Node | null,
  { walk, keyPlace }: { readonly walk: Walk; readonly keyPlace: Place },
): string | undefined {
  const name = isScalar(key) ? key.value : undefined;
  if (typeof name !== 'string') {
    const hint = isScalar(key) ? `write "${String(name)}" in quotes` : undefined;
    walk.report.problem(keyPlace, 'a key must be a text', hint);
    return undefined;
  }
  if (name === '<<') {
    walk.report.problem(keyPlace, 'merge keys (<<) are not supported', 'write the keys out');
  } else if (name === '__proto__') {
    walk.report.problem(keyPlace, 'the key __proto__ is reserved');
  } else return name;
  return undefined;
}

function scalarOf(value: unknown, walk: Walk, nothing: YamlScalar): YamlScalar {
  if (typeof value === 'string' || typeof value === 'boolean') return { ...nothing, value };
  if (typeof value === 'number' && Number.isFinite(value)) return { ...nothing, value };
  if (value !== null) walk.report.problem(nothing.place, 'this is not plain data');
  return nothing;
}

function fail(walk: Walk, node: YamlScalar, message: string): YamlScalar {
  walk.failed = true;
  walk.report.problem(node.place, message);
  return node;
}

function placeAt(lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text;
}

/** How deep brackets are nested at most; quotes and comments are counted too, which does no harm. */
function bracketDepthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [bracket] of text.matchAll(/[[\]{}]|^\s*(?:- ){50,}/gm)) {
    if (bracket.length > 1) deepest = Math.max(deepest, bracket.length);
    depth += bracket === '[' || bracket === '{' ? 1 : -1;
    depth = Math.max(depth, 0);
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}
