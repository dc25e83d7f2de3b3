// Compiles the sources when they are not the ones that were compiled last.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './install.mjs';

const STAMP = `${root}node_modules/.cache/estop/built`;
const COMPILER = `${root}node_modules/@typescript/native/bin/tsc`;
const ENTRY = `${root}services/cli/dist/main.js`;
const WORKSPACES = ['schemas', 'infra', 'services'];
const NO_SOURCES = new Set(['node_modules', 'dist', 'test', 'avro', 'history']);

/** Builds when needed, and says so. Ends the process with the compiler's code when it fails. */
export function buildWhenNeeded() {
  const sources = fingerprint();
  if (existsSync(ENTRY) && readStamp() === sources) return;
  process.stderr.write('building (tsc -b)\n');
  const stdio = ['ignore', process.stderr, 'inherit'];
  const { status } = spawnSync(process.execPath, [COMPILER, '-b'], { cwd: root, stdio });
  if (status !== 0) process.exit(status ?? 1);
  mkdirSync(dirname(STAMP), { recursive: true });
  writeFileSync(STAMP, sources);
}

/** Changes whenever a source or a compiler setting does. Looks at names, sizes and times only. */
function fingerprint() {
  const settings = readdirSync(root).filter((name) => /^tsconfig.*\.json$/.test(name));
  const files = [...settings.map((name) => `${root}${name}`), ...WORKSPACES.flatMap(sourcesIn)];
  const hash = createHash('sha256');
  for (const file of files.sort()) {
    const { size, mtimeMs } = statSync(file);
    hash.update(`${file} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

function sourcesIn(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return NO_SOURCES.has(entry.name) ? [] : sourcesIn(path);
    return /\.(ts|json)$/.test(entry.name) ? [join(root, path)] : [];
  });
}

function readStamp() {
  try {
    return readFileSync(STAMP, 'utf8');
  } catch {
    return '';
  }
}
