// A small repository under our own rules: the settings of the real one, and a few sources that keep
// them. Tests plant violations in it and look whether the tools see them.
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const NODE_MODULES = join(ROOT, 'node_modules');

const SETTINGS = [
  '.gitignore',
  '.dependency-cruiser.cjs',
  'biome.jsonc',
  'knip.json',
  'turbo.json',
  'tsconfig.base.json',
  'tsconfig.domain.json',
  'tsconfig.test.json',
  'test/fence/no-ambient-inputs.grit',
];
const WORKSPACES = ['schemas', 'infra/log', 'infra/runtime', 'services/policy', 'services/gateway'];
/** What the sources of the fixture use from outside. */
const LINKED_PACKAGES = ['@types', 'dependency-cruiser', 'kafkajs', 'turbo'];

export type Files = Readonly<Record<string, string>>;

export interface Fixture {
  readonly folder: string;
  remove(): void;
}

export interface ToolResult {
  readonly code: number;
  readonly output: string;
}

/** Sources without fault: each rule is kept, each export used, each dependency needed. */
const SOURCES: Files = {
  'schemas/src/ids.ts': 'export const LIMIT = 3;\n',
  'infra/log/src/port.ts':
    "import { LIMIT } from '@estop/schemas/ids';\n\nexport const DEPTH = LIMIT + 1;\n",
  'infra/runtime/src/clock.ts': 'export const TICK_MS = 1_000;\n',
  'services/policy/src/domain/decide.ts':
    "import { LIMIT } from '@estop/schemas/ids';\n\nexport const ALLOWED = LIMIT - 1;\n",
  'services/policy/src/adapters/store.ts': 'export const STORED = 1;\n',
  'services/policy/src/main.ts': [
    "import { DEPTH } from '@estop/log/port';",
    "import { TICK_MS } from '@estop/runtime/clock';",
    "import { STORED } from './adapters/store.ts';",
    "import { ALLOWED } from './domain/decide.ts';",
    '',
    'process.exitCode = ALLOWED + DEPTH + STORED + TICK_MS;',
    '',
  ].join('\n'),
  'services/gateway/src/main.ts': [
    "import { ALLOWED } from '@estop/policy/domain/decide';",
    '',
    'process.exitCode = ALLOWED;',
    '',
  ].join('\n'),
  'services/gateway/src/domain/nothing.ts': '',
  'test/bench/sample.ts':
    "import { LIMIT } from '@estop/schemas/ids';\n\nprocess.exitCode = LIMIT;\n",
};

const DEPENDENCIES: Readonly<Record<string, readonly string[]>> = {
  schemas: [],
  'infra/log': ['schemas'],
  'infra/runtime': [],
  'services/policy': ['schemas', 'log', 'runtime'],
  'services/gateway': ['policy'],
  test: ['schemas'],
};

/** Makes the small repository, with more files planted in it. */
export function createFixture(planted: Files = {}): Fixture {
  const folder = mkdtempSync(join(tmpdir(), 'estop-fence-'));
  for (const name of SETTINGS) cpSync(join(ROOT, name), join(folder, name));
  for (const workspace of [...WORKSPACES, 'test']) writeManifest(folder, workspace);
  for (const workspace of WORKSPACES) writeProjects(folder, workspace);
  write(folder, 'package.json', rootManifest());
  write(folder, 'tsconfig.json', {
    files: [],
    references: WORKSPACES.map((path) => ({ path })),
  });
  for (const [path, text] of Object.entries({ ...SOURCES, ...planted })) write(folder, path, text);
  link(folder);
  return { folder, remove: () => rmSync(folder, { recursive: true }) };
}

/** Runs one of the tools that are installed at the root. Resolves whatever its exit code. */
export function runTool(file: string, args: readonly string[], cwd: string): Promise<ToolResult> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, NO_COLOR: '1', TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' };
    const child = spawn(process.execPath, [join(NODE_MODULES, file), ...args], { cwd, env });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? -1, output }));
  });
}

function writeManifest(folder: string, workspace: string): void {
  const path = workspace.startsWith('services/') ? 'domain/*' : '*';
  const manifest = {
    name: `@estop/${shortName(workspace)}`,
    version: '0.1.0',
    private: true,
    type: 'module',
    exports: {
      [`./${path}`]: { '@estop/source': `./src/${path}.ts`, default: `./dist/${path}.js` },
      ...(path === '*' ? {} : { './main': './src/main.ts' }),
    },
    dependencies: Object.fromEntries(
      (DEPENDENCIES[workspace] ?? []).map((name) => [`@estop/${name}`, '0.1.0']),
    ),
  };
  write(folder, `${workspace}/package.json`, workspace === 'test' ? bare(manifest) : manifest);
}

function bare({ exports: _, ...manifest }: { readonly exports: object }): object {
  return { ...manifest, exports: {} };
}

/** Compiler settings; those of a domain are the real ones. */
function writeProjects(folder: string, workspace: string): void {
  const isService = workspace.startsWith('services/');
  const up = '../'.repeat(workspace.split('/').length);
  const needed = (DEPENDENCIES[workspace] ?? []).map((name) => ({ path: up + folderOf(name) }));
  write(folder, `${workspace}/tsconfig.json`, {
    extends: `${up}tsconfig.base.json`,
    compilerOptions: { rootDir: 'src', outDir: 'dist', tsBuildInfoFile: 'dist/main.tsbuildinfo' },
    include: ['src/**/*.ts'],
    exclude: ['src/domain/**'],
    references: isService ? [{ path: './src/domain' }, ...needed] : needed,
  });
  const domain = `${workspace}/src/domain/tsconfig.json`;
  if (isService) cpSync(join(ROOT, domain), join(folder, domain));
}

function folderOf(name: string): string {
  return WORKSPACES.find((workspace) => shortName(workspace) === name) ?? name;
}

function rootManifest(): object {
  return {
    name: 'fixture',
    private: true,
    type: 'module',
    packageManager: 'npm@11.19.1',
    workspaces: [...WORKSPACES, 'test'],
    scripts: { check: 'depcruise schemas && turbo boundaries' },
    devDependencies: { 'dependency-cruiser': '*', turbo: '*' },
  };
}

function link(folder: string): void {
  mkdirSync(join(folder, 'node_modules/@estop'), { recursive: true });
  for (const name of LINKED_PACKAGES) {
    symlinkSync(join(NODE_MODULES, name), join(folder, 'node_modules', name));
  }
  for (const workspace of [...WORKSPACES, 'test']) {
    const target = join(folder, 'node_modules/@estop', shortName(workspace));
    symlinkSync(join(folder, workspace), target);
  }
}

function shortName(workspace: string): string {
  return workspace.slice(workspace.indexOf('/') + 1);
}

function write(folder: string, path: string, content: string | object): void {
  const text = typeof content === 'string' ? content : `${JSON.stringify(content, null, 2)}\n`;
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}
