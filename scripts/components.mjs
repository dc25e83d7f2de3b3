// Java, Maven and Python on a continuous-integration machine that lacks them.
import { spawnSync } from 'node:child_process';

const COMPONENTS = [
  { name: 'openjdk-17-jre-headless', isThere: () => canRun('java', '-version') },
  { name: 'maven', isThere: () => canRun('mvn', '--version') },
  // Of Python, Debian leaves out what makes virtual environments.
  { name: 'python3-venv', isThere: () => canRun('python3', '-c', 'import venv, ensurepip') },
];

/**
 * With CI=true, as root, on Debian or Ubuntu: installs what is missing. Elsewhere it changes
 * nothing; the tests that need it then say what to install.
 */
export function installComponentsInCi() {
  if (process.env.CI !== 'true' || process.getuid?.() !== 0 || !canRun('apt-get', '--version')) {
    return;
  }
  const missing = COMPONENTS.filter(({ isThere }) => !isThere()).map(({ name }) => name);
  if (missing.length === 0) return;
  process.stderr.write(`installing ${missing.join(', ')}\n`);
  apt('update', '-qq');
  apt('install', '-y', '-qq', '--no-install-recommends', ...missing);
}

function canRun(command, ...args) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

function apt(...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const { status } = spawnSync('apt-get', args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) process.stderr.write(`apt-get ${args.join(' ')} failed\n`);
}
