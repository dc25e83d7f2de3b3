/**
 * The log-to-log benchmark with a breaker beside the decider: in the same process on the embedded log,
 * in a process of its own on Kafka. Rival of the same run: the same log read by the chain rule alone,
 * nothing of it decoded.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openEmbeddedLog } from '@estop/log/embedded/embedded-log';
import { openKafkaLog } from '@estop/log/kafka/kafka-log';
import type { EventLog } from '@estop/log/port';
import { readChain } from '@estop/log/run/chain-reader';
import { startKafkaCluster } from '../../harness/kafka/cluster.ts';
import { appendIntents, decideAll } from '../log-to-log.ts';
import type { Report } from './breaker-process.ts';
import { SHADOW } from './shadow.ts';
import { startWatching, totalEnd } from './watching.ts';

const PARTITIONS = 12;
const INTENTS = Number(process.env['BENCH_INTENTS'] ?? 240_000);
const AGENTS = 1_000;
const BREAKER = join(import.meta.dirname, 'breaker-process.ts');
const POLL_MS = 5;

export interface KeepingUpRow {
  readonly decisionsPerSecond: number;
  /** Records that the breaker had before it when the last decision was published. */
  readonly lagRecords: number;
  readonly catchUpMs: number;
  /** Processor time for one audit record, of all threads. */
  readonly cpuMicrosPerRecord: number;
  /** The rival's. */
  readonly chainCpuMicrosPerRecord: number;
}

export async function benchKeepingUp(): Promise<{
  readonly embedded: KeepingUpRow & { readonly decisionsPerSecondAlone: number };
  readonly kafka: KeepingUpRow;
}> {
  const alone = await onEmbedded(decideAlone);
  const beside = await onEmbedded(besideInProcess);
  const embedded = {
    ...beside,
    decisionsPerSecondAlone: alone.decisionsPerSecond,
    // Of one process nobody knows who took what: both together, less the decider alone.
    cpuMicrosPerRecord: rounded(beside.cpuMicrosPerRecord - alone.cpuMicrosPerRecord),
  };
  return { embedded, kafka: await besideOnKafka() };
}

async function onEmbedded<Row>(measure: (log: EventLog) => Promise<Row>): Promise<Row> {
  const folder = mkdtempSync(join(tmpdir(), 'estop-bench-'));
  const log = await openEmbeddedLog({ path: join(folder, 'log'), partitions: PARTITIONS });
  try {
    await appendIntents(log, INTENTS, AGENTS);
    return await measure(log);
  } finally {
    await log.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function decideAlone(log: EventLog) {
  const before = process.cpuUsage();
  const decisionsPerSecond = Math.round(await decide(log));
  return { decisionsPerSecond, cpuMicrosPerRecord: microsSince(before, await totalEnd(log)) };
}

async function besideInProcess(log: EventLog) {
  const watching = await startWatching(log);
  const before = process.cpuUsage();
  const decisionsPerSecond = Math.round(await decide(log));
  const endMs = performance.now();
  const records = await totalEnd(log);
  const lagRecords = records - (await watching.records());
  await watching.caughtUp();
  const catchUpMs = Math.round(performance.now() - endMs);
  const cpuMicrosPerRecord = microsSince(before, records);
  await watching.close();
  const chainCpuMicrosPerRecord = await readAlone(log);
  const cpu = { cpuMicrosPerRecord, chainCpuMicrosPerRecord };
  return { decisionsPerSecond, lagRecords, catchUpMs, ...cpu };
}

async function besideOnKafka(): Promise<KeepingUpRow> {
  const cluster = await startKafkaCluster();
  const brokers = [cluster.bootstrap];
  const kafka = { brokers, clientId: 'bench', partitions: PARTITIONS, createTopics: true };
  const log = await openKafkaLog({ ...kafka, linkKey: Buffer.alloc(32, 7) });
  const child = fork(BREAKER, [JSON.stringify({ kafka })]);
  try {
    await appendIntents(log, INTENTS, AGENTS);
    while ((await report(child)).partitions < PARTITIONS) await sleep(POLL_MS);
    const decisionsPerSecond = Math.round(await decide(log));
    const endMs = performance.now();
    const records = await totalEnd(log);
    let { records: watched, cpuMs } = await report(child);
    const lagRecords = records - watched;
    while (watched < records) {
      await sleep(POLL_MS);
      const newer = await report(child);
      watched = newer.records;
      cpuMs += newer.cpuMs;
    }
    const catchUpMs = Math.round(performance.now() - endMs);
    const cpuMicrosPerRecord = rounded((cpuMs * 1_000) / records);
    child.kill('SIGKILL');
    const chainCpuMicrosPerRecord = await readAlone(log);
    const cpu = { cpuMicrosPerRecord, chainCpuMicrosPerRecord };
    return { decisionsPerSecond, lagRecords, catchUpMs, ...cpu };
  } finally {
    child.kill('SIGKILL');
    await log.close();
    await cluster.stop();
  }
}

function decide(log: EventLog): Promise<number> {
  return decideAll(log, INTENTS, { agents: AGENTS, files: SHADOW });
}

async function readAlone(log: EventLog): Promise<number> {
  const before = process.cpuUsage();
  const partitions = Array.from({ length: log.partitions }, (_, partition) => partition);
  await Promise.all(partitions.map((one) => readChain(log, one, { onRecord: () => undefined })));
  return microsSince(before, await totalEnd(log));
}

function microsSince(before: NodeJS.CpuUsage, records: number): number {
  const { user, system } = process.cpuUsage(before);
  return rounded((user + system) / records);
}

function rounded(micros: number): number {
  return Math.round(micros * 10) / 10;
}

async function report(child: ChildProcess): Promise<Report> {
  child.send('report');
  const [message] = await once(child, 'message');
  return message;
}
