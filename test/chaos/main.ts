/**
 * `npm run chaos -- --faults N --seed S`: faults on a real Kafka, and the proof after.
 * `npm run chaos -- --stopping N --seed S`: halts under faults, on the embedded log.
 */
import { parseArgs } from 'node:util';
import { violationLines } from './checker/check.ts';
import { renderReport } from './report.ts';
import { runChaos } from './run.ts';
import { renderStopping } from './stopping/report.ts';
import { runStopping } from './stopping/run.ts';

const USAGE =
  'usage: npm run chaos -- [--faults N | --stopping N] [--seed S] [--only KIND] [--logs DIR]';
const FAULTS_DEFAULT = '100';

const { values } = parseArgs({
  options: {
    faults: { type: 'string' },
    stopping: { type: 'string' },
    seed: { type: 'string' },
    only: { type: 'string' },
    logs: { type: 'string' },
  },
});
const count = Number(values.stopping ?? values.faults ?? FAULTS_DEFAULT);
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const tell = (line: string) => void process.stderr.write(`${line}\n`);

if (!Number.isInteger(count) || count < 1 || !Number.isInteger(seed)) {
  process.stderr.write(`${USAGE}\n`);
  process.exitCode = 2;
} else {
  const { report, violations } = await (values.stopping === undefined ? faults() : stopping());
  process.stdout.write(`${report}\n`);
  if (violations.length > 0) {
    process.stdout.write(`\n${violationLines(violations)}\n`);
    process.exitCode = 1;
  }
}

async function faults() {
  tell(`${count} faults, seed ${seed}`);
  const { only, logs: logFolder } = values;
  const run = await runChaos({ faults: count, seed, tell, only, logFolder });
  const { judgement, seconds } = run;
  const report = renderReport(run.faults, judgement, { seed, seconds });
  return { report, violations: judgement.violations };
}

async function stopping() {
  tell(`${count} runs, seed ${seed}`);
  const { judgement, seconds } = await runStopping({ runs: count, seed, tell });
  return { report: renderStopping(judgement, { seed, seconds }), violations: judgement.violations };
}
