/**
 * One policy process beside two on one Kafka, with 12 and with 100 partitions: decisions a second of
 * all together, and the processor time they take. They are stopped while intents are appended, so
 * that all begin with the same work before them.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openKafkaLog } from '@estop/log/kafka/kafka-log';
import type { EventLog } from '@estop/log/port';
import { startKafkaCluster } from '../harness/kafka/cluster.ts';
import { activateFleet, appendIntents } from './log-to-log.ts';

const INTENTS = Number(process.env['BENCH_INTENTS'] ?? 120_000);
const AGENTS = 1_000;
const WORKER = join(import.meta.dirname, 'policy-process.mjs');
const POLL_MS = 100;

export interface ProcessesRow {
  readonly partitions: number;
  readonly processes: number;
  readonly decisionsPerSecond: number;
  /** Processor time of all policy processes for one decision. */
  readonly cpuMicrosPerDecision: number;
}

/** What a policy process says of itself. */
interface Report {
  readonly partitions: number;
  readonly cpuMs: number;
}

export async function benchKafkaProcesses(): Promise<readonly ProcessesRow[]> {
  const rows: ProcessesRow[] = [];
  for (const partitions of [12, 100]) {
    for (const processes of [1, 2]) rows.push(await measure(partitions, processes));
  }
  return rows;
}

async function measure(partitions: number, processes: number): Promise<ProcessesRow> {
  const cluster = await startKafkaCluster();
  const brokers = [cluster.bootstrap];
  const kafka = { brokers, clientId: 'bench', partitions, createTopics: true };
  const log = await openKafkaLog({ ...kafka, linkKey: Buffer.alloc(32, 7) });
  const children: ChildProcess[] = [];
  try {
    await activateFleet(log, AGENTS);
    for (let n = 0; n < processes; n += 1) {
      children.push(fork(WORKER, [JSON.stringify({ kafka, agents: AGENTS })]));
    }
    await shared(children, partitions);
    const tookMs = await decideBacklog(log, children);
    const reports = await Promise.all(children.map(report));
    const cpuMs = reports.reduce((sum, one) => sum + one.cpuMs, 0);
    return {
      partitions,
      processes,
      decisionsPerSecond: Math.round((INTENTS * 1_000) / tookMs),
      cpuMicrosPerDecision: Math.round((cpuMs * 1_000) / INTENTS),
    };
  } finally {
    for (const child of children) child.kill('SIGKILL');
    await log.close();
    await cluster.stop();
  }
}

/** How long all of them take for what was appended while they stood still, ms. */
async function decideBacklog(log: EventLog, children: readonly ChildProcess[]): Promise<number> {
  let decided = 0;
  let done: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => {
    done = resolve;
  });
  const follower = await log.follow({
    sources: Array.from({ length: log.partitions }, (_, partition) => {
      return { topic: 'decisions.v1', partition, from: 'end' } as const;
    }),
    onBatch: (records) => {
      decided += records.length;
      if (decided >= INTENTS) done();
    },
    onFailure: (error: unknown) => {
      throw error;
    },
  });
  for (const child of children) child.kill('SIGSTOP');
  await appendIntents(log, INTENTS, AGENTS);
  const startMs = performance.now();
  for (const child of children) child.kill('SIGCONT');
  await finished;
  const tookMs = performance.now() - startMs;
  await follower.close();
  return tookMs;
}

/** Resolves when each of them owns its share of the partitions. */
async function shared(children: readonly ChildProcess[], partitions: number): Promise<void> {
  const least = Math.floor(partitions / children.length);
  for (;;) {
    const reports = await Promise.all(children.map(report));
    if (reports.every((one) => one.partitions >= least)) return;
    await sleep(POLL_MS);
  }
}

async function report(child: ChildProcess): Promise<Report> {
  child.send('report');
  const [message] = await once(child, 'message');
  return message;
}
