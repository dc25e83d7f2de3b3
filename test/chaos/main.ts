/** `npm run chaos -- --faults N --seed S`: faults on a real Kafka, and the proof after. */
import { parseArgs } from 'node:util';
import { violationLines } from './checker/check.ts';
import { renderReport } from './report.ts';
import { runChaos } from './run.ts';

const USAGE = 'usage: npm run chaos -- [--faults N] [--seed S] [--only KIND] [--logs DIR]';
const FAULTS_DEFAULT = '100';

const { values } = parseArgs({
  options: {
    faults: { type: 'string' },
    seed: { type: 'string' },
    only: { type: 'string' },
    logs: { type: 'string' },
  },
});
const faults = Number(values.faults ?? FAULTS_DEFAULT);
const seed = Number(values.seed ?? Date.now() % 1_000_000);

if (!Number.isInteger(faults) || faults < 1 || !Number.isInteger(seed)) {
  process.stderr.write(`${USAGE}\n`);
  process.exitCode = 2;
} else {
  const tell = (line: string) => void process.stderr.write(`${line}\n`);
  tell(`${faults} faults, seed ${seed}`);
  const run = await runChaos({ faults, seed, tell, only: values.only, logFolder: values.logs });
  const { judgement } = run;
  process.stdout.write(`${renderReport(run.faults, judgement, { seed, seconds: run.seconds })}\n`);
  if (judgement.violations.length > 0) {
    process.stdout.write(`\n${violationLines(judgement.violations)}\n`);
    process.exitCode = 1;
  }
}
