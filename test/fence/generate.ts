// `npm run generate`: writes the documents that come from tables in the code.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { documents } from './documents.ts';

for (const { path, current, wanted } of documents()) {
  if (current === wanted) continue;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, wanted);
  process.stderr.write(`wrote ${path}\n`);
}
