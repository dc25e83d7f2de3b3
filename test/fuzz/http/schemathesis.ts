/** schemathesis (PyPI), fetched once into the cache of the harness, and run in a sandbox. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cached, runToEnd } from '../../harness/kafka/artifacts.ts';
import { openSandbox, type Sandbox, tailOf } from '../../harness/kafka/sandbox.ts';

const VERSION = '4.32.5';
/** The version above, and all that it brings. */
const REQUIREMENTS = join(import.meta.dirname, 'schemathesis.requirements.txt');
const CONFIG = join(import.meta.dirname, 'schemathesis.toml');
const START = 'from schemathesis.cli import schemathesis; schemathesis()';
const OUTPUT_LINES = 200;

const HOW_TO_INSTALL = [
  'The description of the gateway is tested with Python 3.10 or later and its `venv`:',
  '  Debian, Ubuntu  apt-get install -y python3-venv',
  '  Fedora          dnf install -y python3',
  '  macOS           brew install python',
].join('\n');

export interface SchemathesisRun {
  readonly url: string;
  readonly key: string;
  readonly seed: number;
  readonly examples: number;
}

/** Runs everything that schemathesis.toml asks for; what it found stands in `output`. */
export async function runSchemathesis({
  url,
  key,
  seed,
  examples,
}: SchemathesisRun): Promise<{ readonly code: number | null; readonly output: string }> {
  const python = await schemathesisPython();
  // What it writes beside its output goes with the folder.
  const sandbox = await openSandbox();
  try {
    const output = join(sandbox.folder, 'output.log');
    const options = [
      ['--header', `Authorization: Bearer ${key}`],
      ['--seed', String(seed)],
      ['--max-examples', String(examples)],
      // Two threads at a time are more than the parser of Python 3.11 stands.
      ['--workers', '1'],
    ];
    const command = ['--config-file', CONFIG, 'run', `${url}/openapi.json`, ...options.flat()];
    const { ended } = await sandbox.run({
      command: python,
      args: ['-c', START, ...command],
      output,
    });
    const { code } = await ended;
    return { code, output: await tailOf(output, OUTPUT_LINES) };
  } finally {
    await sandbox.close();
  }
}

/** The interpreter that has it. A folder may move after it was filled: scripts in it may not. */
async function schemathesisPython(): Promise<string> {
  const python = await pythonVersion();
  const folder = await cached({
    key: `schemathesis-${VERSION}-python-${python}`,
    title: `schemathesis ${VERSION} (60 MB)`,
    fetch: install,
  });
  return join(folder, 'bin', 'python');
}

async function install(sandbox: Sandbox, target: string): Promise<void> {
  await runToEnd(sandbox, 'python3', ['-m', 'venv', target]);
  const quiet = ['--quiet', '--no-cache-dir', '--disable-pip-version-check'];
  const wanted = ['--constraint', REQUIREMENTS, `schemathesis==${VERSION}`];
  const pip = ['-m', 'pip', 'install', ...quiet, ...wanted];
  await runToEnd(sandbox, join(target, 'bin', 'python'), pip);
}

async function pythonVersion(): Promise<string> {
  const script = 'import ensurepip, sys, venv; print("%d.%d" % sys.version_info[:2])';
  try {
    const { stdout } = await promisify(execFile)('python3', ['-c', script]);
    return stdout.trim();
  } catch (error) {
    throw new Error(`python3 cannot make environments.\n${HOW_TO_INSTALL}`, { cause: error });
  }
}
