/**
 * How long a policy process takes from its start to deciding in every partition, with many agents
 * and a long log: after its predecessor was killed, after it ended in order, and, as the rival of
 * the same run, when there is no snapshot and the whole log is folded.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedLog } from '@estop/log/embedded/embedded-log';
import { openKafkaLog } from '@estop/log/kafka/kafka-log';
import type { EventLog } from '@estop/log/port';
import { startKafkaCluster } from '../harness/kafka/cluster.ts';

const PARTITIONS = 12;
const AGENTS = Number(process.env['BENCH_AGENTS'] ?? 100_000);
const INTENTS = Number(process.env['BENCH_INTENTS'] ?? 1_000_000);
const LINK_KEY = Buffer.alloc(32, 7);
const BUILD = join(import.meta.dirname, 'restart-build.ts');
const PROCESS = join(import.meta.dirname, 'restart-process.mjs');

/** From the start of the process: code loaded, log open, fleet loaded and joined, serving. */
interface Start {
  readonly loadedMs: number;
  readonly openedMs: number;
  readonly joinedMs: number;
  readonly servingMs: number;
  /** Of all threads until then: others may use the machine too. */
  readonly cpuMs: number;
  readonly folded: number;
  readonly rssMib: number;
}

export interface RestartRows {
  readonly buildPerSecond: number;
  readonly afterKill: Start;
  readonly afterOrderlyEnd: Start;
  readonly withoutSnapshots: Start;
}

interface Place {
  /** What a child process opens the log with. */
  readonly options: object;
  readonly open: () => Promise<EventLog>;
}

export async function benchRestartEmbedded(): Promise<RestartRows> {
  const folder = mkdtempSync(join(tmpdir(), 'estop-bench-'));
  const embedded = { path: join(folder, 'log'), partitions: PARTITIONS };
  try {
    return await measure({ options: { embedded }, open: () => openEmbeddedLog(embedded) });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export async function benchRestartKafka(): Promise<RestartRows> {
  const cluster = await startKafkaCluster();
  const notesFolder = mkdtempSync(join(tmpdir(), 'estop-bench-'));
  const kafka = {
    brokers: [cluster.bootstrap],
    notesFolder,
    clientId: 'bench',
    partitions: PARTITIONS,
    createTopics: true,
    topicPrefix: 'bench.',
  };
  const open = () => openKafkaLog({ ...kafka, linkKey: LINK_KEY });
  try {
    return await measure({ options: { kafka }, open });
  } finally {
    await cluster.stop();
    rmSync(notesFolder, { recursive: true, force: true });
  }
}

async function measure({ options, open }: Place): Promise<RestartRows> {
  const common = { ...options, agents: AGENTS };
  const built = await run(['--import', 'tsx', BUILD], { ...common, intents: INTENTS });
  const afterKill = await run([PROCESS], { ...common, end: 'ordered' });
  const afterOrderlyEnd = await run([PROCESS], { ...common, end: 'ordered' });
  const log = await open();
  await removeManifests(log);
  await log.close();
  const withoutSnapshots = await run([PROCESS], { ...common, end: 'killed' });
  return {
    buildPerSecond: built['perSecond'],
    afterKill,
    afterOrderlyEnd,
    withoutSnapshots,
  };
}

async function removeManifests(log: EventLog): Promise<void> {
  for (let partition = 0; partition < log.partitions; partition += 1) {
    await log.append('snapshots.v1', partition, [{ key: '/manifest', value: null }]);
  }
}

/** Runs a file and answers the JSON it printed. */
async function run(command: readonly string[], options: object) {
  const child = spawn(process.execPath, [...command, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  for await (const chunk of child.stdout) out += chunk;
  return JSON.parse(out);
}

if (process.argv[1] === import.meta.filename) console.log(await benchRestartEmbedded());
