// Java and Maven on a continuous-integration machine that lacks them.
import { spawnSync } from 'node:child_process';

const PACKAGES = ['openjdk-17-jre-headless', 'maven'];

/**
 * With CI=true, as root, on Debian or Ubuntu: installs what is missing. Elsewhere it changes
 * nothing; the Kafka harness then says what to install.
 */
export function installJavaInCi() {
  if (process.env.CI !== 'true' || process.getuid?.() !== 0 || !canRun('apt-get')) return;
  if (canRun('java', '-version') && canRun('mvn')) return;
  process.stderr.write(`installing ${PACKAGES.join(' and ')}\n`);
  apt('update', '-qq');
  apt('install', '-y', '-qq', '--no-install-recommends', ...PACKAGES);
}

function canRun(command, flag = '--version') {
  return spawnSync(command, [flag], { stdio: 'ignore' }).status === 0;
}

function apt(...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const { status } = spawnSync('apt-get', args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) process.stderr.write(`apt-get ${args.join(' ')} failed\n`);
}
