// Runs vitest on one of the two suites.
import { spawn } from 'node:child_process';
import { root } from './install.mjs';

/**
 * Runs the suite of a config file with the arguments given on the command line, and ends this
 * process with vitest's exit code. ESTOP_TEST_REPORT names a file for a report in JSON beside the
 * summary.
 */
export function runVitest(configFile) {
  const vitest = `${root}node_modules/vitest/vitest.mjs`;
  const args = [vitest, 'run', '--config', configFile, ...reporters(), ...process.argv.slice(2)];
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    // A terminal signals the whole group, others this process alone; vitest takes it twice without
    // harm.
    process.on(signal, () => child.kill(signal));
  }
  child.on('exit', (code) => process.exit(code ?? 1));
}

function reporters() {
  const report = process.env.ESTOP_TEST_REPORT;
  if (!report) return [];
  return ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
}
