/**
 * Freezes each topic's schema under history/<topic>/<n>.avsc when it differs from the newest frozen
 * one. `npm run freeze -w @estop/schemas`; a test refuses a schema that old or new readers cannot read.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TOPIC_SCHEMAS } from '../src/avro.ts';

const HISTORY = join(import.meta.dirname, '../history');

for (const [topic, schema] of Object.entries(TOPIC_SCHEMAS)) {
  const folder = join(HISTORY, topic);
  mkdirSync(folder, { recursive: true });
  const versions = readdirSync(folder).length;
  const newest = join(folder, `${versions}.avsc`);
  const text = `${JSON.stringify(schema, null, 2)}\n`;
  if (existsSync(newest) && readFileSync(newest, 'utf8') === text) continue;
  writeFileSync(join(folder, `${versions + 1}.avsc`), text);
}
