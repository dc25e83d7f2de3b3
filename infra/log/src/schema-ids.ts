/**
 * Schema ids for a log that has no registry: the first 31 bits of the SHA-256 of the schema's JSON.
 * Nobody hands them out, so every process computes the same id for the same schema, whatever version
 * it runs; older schemas are those frozen under schemas/history. What a newer version wrote cannot
 * be read before this one is updated: update all readers first, or use a registry.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { TOPIC_SCHEMAS } from '@estop/schemas/avro';
import { invariant } from '@estop/schemas/invariant';
import type { Topic } from '@estop/schemas/topics';

/** schemas/history, next to the folder of the sources or of what was built from them. */
const HISTORY = new URL('../history/', import.meta.resolve('@estop/schemas/avro'));

/** The id under which a schema is written without a registry. */
export function builtInSchemaId(schema: object): number {
  const hash = createHash('sha256').update(JSON.stringify(schema)).digest();
  return hash.readUInt32BE(0) >>> 1;
}

/** Every schema that a topic has had, by its id. */
export function builtInSchemas(topic: Topic): ReadonlyMap<number, object> {
  const schemas = new Map<number, object>();
  for (const schema of [...frozenSchemas(topic), TOPIC_SCHEMAS[topic]]) {
    const id = builtInSchemaId(schema);
    const known = schemas.get(id);
    const isSame = known === undefined || JSON.stringify(known) === JSON.stringify(schema);
    invariant(isSame, 'two schemas of a topic have different ids');
    schemas.set(id, schema);
  }
  return schemas;
}

function frozenSchemas(topic: Topic): readonly object[] {
  const folder = fileURLToPath(new URL(`${topic}/`, HISTORY));
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).filter((name) => name.endsWith('.avsc'));
  return files.map((name) => JSON.parse(readFileSync(`${folder}${name}`, 'utf8')));
}
