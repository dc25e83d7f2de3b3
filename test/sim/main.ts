/**
 * `npm run sim`: the simulation on every core. Options: --seeds N (2,000), --from SEED (0),
 * --steps N (1,000), --seed S for one seed with its history, --plant NAME for a planted bug.
 */
import { fork } from 'node:child_process';
import { availableParallelism, constants, setPriority } from 'node:os';
import { parseArgs } from 'node:util';
import { addTotals, type BatchTotals, emptyTotals, runBatch } from './batch.ts';
import { PLANTS } from './plants.ts';
import { historyOf, reproduction } from './report.ts';
import { run } from './run.ts';
import { scenarioOf } from './scenario.ts';
import { shrink } from './shrink.ts';
import { type Machinery, PRODUCTION } from './world/machinery.ts';

/** Seeds that a child process runs before it says how far it is. */
const SEEDS_PER_BATCH = 25;
const HISTORY_LINES = 80;

const options = {
  seeds: { type: 'string', default: '2000' },
  from: { type: 'string', default: '0' },
  steps: { type: 'string', default: '1000' },
  seed: { type: 'string' },
  plant: { type: 'string' },
  child: { type: 'boolean', default: false },
} as const;

const { values } = parseArgs({ options });
const steps = Number(values.steps);
const plant = values.plant ?? null;
const machinery = machineryOf(plant);

if (values.child) serve();
else if (values.seed !== undefined) explain(Number(values.seed), steps);
else await runAll({ from: Number(values.from), seeds: Number(values.seeds) });

function machineryOf(name: string | null): () => Machinery {
  if (name === null) return () => PRODUCTION;
  const planted = PLANTS[name];
  if (planted !== undefined) return planted;
  process.stderr.write(`no plant ${name}; there are ${Object.keys(PLANTS).join(', ')}\n`);
  return process.exit(2);
}

/** A child: runs the batches it is given, until its parent is gone. */
function serve(): void {
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  process.on('message', (fromSeed: number) => {
    process.send?.(runBatch({ fromSeed, seeds: SEEDS_PER_BATCH, steps }, machinery));
  });
}

async function runAll(about: { readonly from: number; readonly seeds: number }): Promise<void> {
  const startMs = Date.now();
  const totals = emptyTotals();
  const end = about.from + about.seeds;
  let next = about.from;
  const take = (): number | null => {
    if (next >= end || totals.broken !== null) return null;
    next += SEEDS_PER_BATCH;
    return next - SEEDS_PER_BATCH;
  };
  const onBatch = (batch: BatchTotals): void => {
    addTotals(totals, batch);
    const seconds = Math.round((Date.now() - startMs) / 1_000);
    process.stderr.write(`\r${totals.seeds} of ${about.seeds} seeds, ${seconds} s `);
  };
  const children = Array.from({ length: availableParallelism() }, () => runChild(take, onBatch));
  await Promise.all(children);
  process.stderr.write('\n');
  summarize(totals, Math.round((Date.now() - startMs) / 1_000));
}

function runChild(take: () => number | null, onBatch: (batch: BatchTotals) => void): Promise<void> {
  const args = ['--child', '--steps', `${steps}`, ...(plant === null ? [] : ['--plant', plant])];
  const child = fork(import.meta.filename, args, { execArgv: process.execArgv });
  return new Promise((resolve, reject) => {
    const giveNext = (): void => {
      const batch = take();
      if (batch === null) child.disconnect();
      else child.send(batch);
    };
    child.on('message', (batch: BatchTotals) => {
      onBatch(batch);
      giveNext();
    });
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`a child ended with ${code}`));
    });
    giveNext();
  });
}

function summarize({ seeds, records, counts, broken }: BatchTotals, seconds: number): void {
  const sorted = Object.entries(counts).sort(([, one], [, other]) => other - one);
  for (const [kind, count] of sorted)
    process.stdout.write(`${String(count).padStart(9)} ${kind}\n`);
  const length = `${seeds} seeds of ${steps} steps, ${records} records, ${seconds} s`;
  if (broken === null) {
    process.stdout.write(`no rule broken in ${length}\n`);
    return;
  }
  process.stdout.write(`broken after ${length}\n`);
  explain(broken.seed, steps);
}

/** One seed: what it breaks, the line that repeats it, and the shortest history that breaks it. */
function explain(seed: number, stepCount: number): void {
  const scenario = scenarioOf(seed, stepCount);
  const result = run(scenario, machinery());
  if (result.violation === null) {
    process.stdout.write(`seed ${seed} breaks no rule in ${stepCount} steps\n`);
    return;
  }
  process.exitCode = 1;
  const short = shrink({ scenario, result }, machinery);
  process.stdout.write(
    `${reproduction(seed, stepCount, plant)} breaks ${result.violation.message}\n`,
  );
  const count = short.scenario.steps.length;
  process.stdout.write(`${count} of its steps are enough: ${short.result.violation?.message}\n`);
  const lines = historyOf(short, machinery);
  process.stdout.write(`${lines.slice(-HISTORY_LINES).join('\n')}\n`);
}
