/**
 * HTTP intent → decision on Kafka, one at a time and at 500 a second. Rival of the same run: plain
 * kafkajs, produce → consume → produce → consume of the same sizes, with the echo in another process.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { EstopProcess } from '../e2e/estop-process.ts';
import { startKafkaCluster } from '../harness/kafka/cluster.ts';
import { benchFleet } from './bench-fleet.ts';
import { type LoadOptions, type LoadResult, load } from './load.ts';

const SECONDS = 15;
const WARM_UP_SECONDS = 5;
const RATE = 500;
/** Over the partitions, as the keys of the rival are. */
const AGENTS = 60;
const ROUND_TRIP = join(import.meta.dirname, 'kafka-round-trip.mjs');

interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

interface Row {
  readonly oneAtATime: Latency;
  readonly at500PerSecond: Latency;
}

export interface KafkaHttpRows {
  readonly estop: Row;
  readonly rawKafkajs: Row;
}

export async function benchKafkaHttp(): Promise<KafkaHttpRows> {
  const cluster = await startKafkaCluster();
  try {
    const estop = await measureEstop(cluster.bootstrap);
    return { estop, rawKafkajs: await measureRaw(cluster.bootstrap) };
  } finally {
    await cluster.stop();
  }
}

async function measureEstop(bootstrap: string): Promise<Row> {
  const files = Object.fromEntries(benchFleet(AGENTS));
  const estop = new EstopProcess({ files, env: { KAFKA_BROKERS: bootstrap }, built: true });
  try {
    await estop.start();
    const tokens: string[] = [];
    for (let agent = 0; agent < AGENTS; agent += 1) {
      tokens.push(await estop.agentKey(`agent-${agent}`));
    }
    const headers = { 'content-type': 'application/json' };
    const url = `${estop.url}/v1/intents`;
    const request = { url, headers, tokens, body: BODY, connections: 64 };
    await load({ ...request, seconds: WARM_UP_SECONDS, rate: RATE });
    return {
      oneAtATime: await sound({ ...request, seconds: SECONDS, oneAtATime: true }),
      at500PerSecond: await sound({ ...request, seconds: SECONDS, rate: RATE }),
    };
  } finally {
    await estop.dispose();
  }
}

async function sound(options: LoadOptions): Promise<LoadResult> {
  const result = await load(options);
  if (result.failed > 0) throw new Error(`${result.failed} requests failed`);
  return result;
}

/** An intent, and a decision, as they are on Kafka. */
const SIZES = { there: 420, back: 520 };

async function measureRaw(bootstrap: string): Promise<Row> {
  const echo = roundTrip({ role: 'echo', bootstrap, ...SIZES });
  try {
    await lineOf(echo);
    const about = { role: 'client', bootstrap, ...SIZES, seconds: SECONDS, rate: RATE };
    return JSON.parse(await lineOf(roundTrip(about)));
  } finally {
    echo.kill();
  }
}

function roundTrip(options: object): ChildProcess {
  return spawn(process.execPath, [ROUND_TRIP, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function lineOf(child: ChildProcess): Promise<string> {
  let out = '';
  for await (const chunk of child.stdout ?? []) {
    out += String(chunk);
    if (out.includes('\n')) return out;
  }
  throw new Error('the round trip ended early');
}

const BODY = JSON.stringify({
  id: '[<id>]',
  tool: 'tool.2',
  arguments: { id: 'order-77', amountMicroUsd: 12, note: 'a line of text as agents write' },
  reason: 'the customer asked for it in the ticket',
  session: 'session-1',
  provenance: { '/id': 'user' },
});
