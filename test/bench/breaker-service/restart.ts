/**
 * How long a breaker takes from the start of its process until it watches all partitions and has read
 * all there is, with many agents: after an orderly end, after kill -9 with a tail to read again, and,
 * as the rival of the same run, without entries.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startKafkaCluster } from '../../harness/kafka/cluster.ts';

const PARTITIONS = 12;
const AGENTS = Number(process.env['BENCH_AGENTS'] ?? 100_000);
/** Of each agent two, and ten seconds of 15,000 a second that no position speaks for. */
const INTENTS = 2 * AGENTS;
const TAIL = Number(process.env['BENCH_TAIL'] ?? 150_000);
const PROCESS = join(import.meta.dirname, 'restart-process.ts');

/** From the start of the process. */
interface Start {
  readonly loadedMs: number;
  readonly openedMs: number;
  /** All partitions are taken over. */
  readonly watchedMs: number;
  readonly caughtUpMs: number;
  readonly cpuMs: number;
  /** Records read meanwhile. */
  readonly records: number;
  readonly rebuilds: number;
  readonly rssMib: number;
}

export interface BreakerRestartRows {
  readonly afterOrderlyEnd: Start;
  readonly afterKill: Start;
  readonly withoutEntries: Start;
}

export async function benchBreakerRestarts(): Promise<{
  readonly embedded: BreakerRestartRows;
  readonly kafka: BreakerRestartRows;
}> {
  const folder = mkdtempSync(join(tmpdir(), 'estop-bench-'));
  try {
    const path = join(folder, 'log');
    const embedded = await measure({ embedded: { path, partitions: PARTITIONS } });
    return { embedded, kafka: await onKafka(folder) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function onKafka(notesFolder: string): Promise<BreakerRestartRows> {
  const cluster = await startKafkaCluster();
  const brokers = [cluster.bootstrap];
  const about = { clientId: 'bench', partitions: PARTITIONS, createTopics: true, notesFolder };
  try {
    return await measure({ kafka: { brokers, ...about } });
  } finally {
    await cluster.stop();
  }
}

async function measure(log: object): Promise<BreakerRestartRows> {
  const common = { ...log, agents: AGENTS };
  await run({ ...common, intents: INTENTS, from: 0, end: 'ordered' });
  const afterOrderlyEnd = await run({ ...common, intents: 0, end: 'ordered' });
  await run({ ...common, intents: TAIL, from: INTENTS, end: 'killed' });
  const afterKill = await run({ ...common, intents: 0, end: 'ordered' });
  const withoutEntries = await run({ ...common, intents: 0, end: 'killed', forgets: true });
  return { afterOrderlyEnd, afterKill, withoutEntries };
}

/** One process, and the JSON it printed. */
async function run(options: object): Promise<Start> {
  const args = ['--import', 'tsx', PROCESS, JSON.stringify(options)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  for await (const chunk of child.stdout) out += chunk;
  return JSON.parse(out);
}
