/**
 * Writes src/messages.ts and src/avro.ts from avro/: the TypeScript type of every Avro type, and each topic's schema
 * with all named types inlined, so that nothing is read from disk at run time.
 * `npm run generate -w @estop/schemas`; a test holds the output against the sources.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TOPICS } from '../src/topics.ts';

type Json = string | Json[] | { [key: string]: Json };
interface Field {
  name: string;
  type: Json;
  doc?: string;
  brand?: string;
}
interface Named {
  type: 'record' | 'enum' | 'fixed';
  name: string;
  namespace: string;
  doc?: string;
  fields?: Field[];
  symbols?: string[];
}

const ROOT = join(import.meta.dirname, '..');
const HEADER = '// Generated from avro/ by scripts/generate.ts. Do not edit.\n';

/** The generated files by their path under src. */
export function generate(): ReadonlyMap<string, string> {
  const named = readNamedTypes();
  return new Map([
    ['messages.ts', renderMessages(named)],
    ['avro.ts', renderSchemas(named)],
  ]);
}

function readNamedTypes(): Map<string, Named> {
  const named = new Map<string, Named>();
  for (const folder of readdirSync(join(ROOT, 'avro')).sort()) {
    for (const file of readdirSync(join(ROOT, 'avro', folder)).sort()) {
      const parsed = JSON.parse(readFileSync(join(ROOT, 'avro', folder, file), 'utf8'));
      for (const type of [parsed].flat()) named.set(`${type.namespace}.${type.name}`, type);
    }
  }
  return named;
}

function inline(type: Json, named: Map<string, Named>, seen: Set<string>, space = ''): Json {
  if (typeof type === 'string') {
    const fullName = type.includes('.') ? type : `${space}.${type}`;
    const found = named.get(fullName);
    if (found === undefined) return type;
    if (seen.has(fullName)) return fullName;
    return inline(found as unknown as Json, named, seen, space);
  }
  if (Array.isArray(type)) return type.map((branch) => inline(branch, named, seen, space));
  const own = typeof type['namespace'] === 'string' ? type['namespace'] : space;
  if (typeof type['name'] === 'string') seen.add(`${own}.${type['name']}`);
  return Object.fromEntries(
    Object.entries(type).map(([key, value]) => {
      if (key === 'fields') return [key, inlineFields(value, named, seen, own)];
      const nested =
        key === 'items' || key === 'values' || (key === 'type' && typeof value !== 'string');
      return [key, nested ? inline(value, named, seen, own) : value];
    }),
  );
}

function inlineFields(
  fields: Json,
  named: Map<string, Named>,
  seen: Set<string>,
  space: string,
): Json {
  if (!Array.isArray(fields)) throw new Error('fields is no list');
  return fields.map((field) => {
    if (typeof field === 'string' || Array.isArray(field)) throw new Error('a field is no object');
    const { brand: _typeScriptOnly, ...rest } = field;
    return { ...rest, type: inline(field['type'] ?? '', named, seen, space) };
  });
}

function renderMessages(named: Map<string, Named>): string {
  const brands = new Set<string>();
  const names = new Map<string, string>();
  for (const [fullName, type] of named) {
    if (type.type !== 'fixed') names.set(fullName, type.name);
  }
  const bodies = [...named.values()]
    .filter((type) => type.type !== 'fixed')
    .map((type) => renderNamed(type, names, brands));
  const imports = `import type {\n${[...brands]
    .sort()
    .map((b) => `  ${b},`)
    .join('\n')}\n} from './ids.ts';\n`;
  return `${HEADER}${imports}\n${bodies.join('\n')}`;
}

function renderNamed(type: Named, names: Map<string, string>, brands: Set<string>): string {
  const doc = type.doc === undefined ? '' : `/** ${type.doc} */\n`;
  if (type.type === 'enum') {
    const symbols = (type.symbols ?? []).map((symbol) => `'${symbol.replaceAll('_', '-')}'`);
    return `${doc}export type ${type.name} =\n${symbols.map((s) => `  | ${s}`).join('\n')};\n`;
  }
  const unions: string[] = [];
  const lines = (type.fields ?? []).map((field) => {
    if (field.brand !== undefined) brands.add(field.brand);
    const comment = field.doc === undefined ? '' : `  /** ${field.doc} */\n`;
    return `${comment}  readonly ${field.name}: ${renderType(field.type, { type, field, names, unions })};\n`;
  });
  return `${doc}export interface ${type.name} {\n${lines.join('')}}\n${unions.join('')}`;
}

interface Place {
  type: Named;
  field: Field;
  names: Map<string, string>;
  unions: string[];
}

function renderType(type: Json, place: Place): string {
  if (Array.isArray(type)) return renderUnion(type, place);
  if (typeof type === 'string') return renderName(type, place);
  if (type['type'] === 'array') return `readonly ${wrap(renderType(type['items'] ?? '', place))}[]`;
  if (type['type'] === 'map')
    return `Readonly<Record<string, ${renderType(type['values'] ?? '', place)}>>`;
  if (type['type'] === 'fixed') return 'Uint8Array';
  throw new Error(`no TypeScript for ${JSON.stringify(type)}`);
}

function renderName(type: string, { type: owner, field, names }: Place): string {
  if (type === 'string') return field.brand ?? 'string';
  if (type === 'long' || type === 'int') return 'number';
  if (type === 'boolean' || type === 'null') return type;
  if (type === 'bytes') return 'Uint8Array';
  const name = names.get(type) ?? names.get(`${owner.namespace}.${type}`);
  if (name === undefined) throw new Error(`unknown type ${type}`);
  return name;
}

/** `[null, X]` is X | null; a union of records is a discriminated union by `type`. */
function renderUnion(branches: Json[], place: Place): string {
  if (branches[0] === 'null') return `${renderType(branches[1] ?? '', place)} | null`;
  const name = `${place.type.name}${capital(place.field.name.replace(/s$/, ''))}`;
  const cases = branches.map((branch) => {
    const record = renderType(branch, place);
    return `  | ({ readonly type: '${record}' } & ${record})`;
  });
  place.unions.push(`export type ${name} =\n${cases.join('\n')};\n`);
  return name;
}

function renderSchemas(named: Map<string, Named>): string {
  const schemas = Object.fromEntries(
    Object.entries(TOPICS).map(([topic, spec]) => [topic, inline(spec.schema, named, new Set())]),
  );
  const text = JSON.stringify(schemas, null, 1);
  return `${HEADER}import type { Topic } from './topics.ts';\n\nexport const TOPIC_SCHEMAS: Readonly<Record<Topic, object>> = ${text};\n`;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

function wrap(text: string): string {
  return text.includes('|') ? `(${text})` : text;
}

if (process.argv[1] === import.meta.filename) {
  for (const [file, text] of generate()) writeFileSync(join(ROOT, 'src', file), text);
}
