import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { generate } from '../scripts/generate.ts';

const SRC = join(import.meta.dirname, '../src');

it.each([...generate()])('%s is what avro/ says', (file, text) => {
  expect(readFileSync(join(SRC, file), 'utf8')).toBe(text);
});
