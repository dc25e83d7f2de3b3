/**
 * HTTP intent → decision on Kafka, one at a time and at 500 a second. Rival of the same run: plain
 * kafkajs, produce → consume → produce → consume of the same sizes, with the echo in another process.
 */
import { EstopProcess } from '../e2e/estop-process.ts';
import { startKafkaCluster } from '../harness/kafka/cluster.ts';
import { benchFleet } from './bench-fleet.ts';
import { type LoadOptions, type LoadResult, load } from './load.ts';
import { type RoundTrips, rawRoundTrip } from './raw-round-trip.ts';

const SECONDS = 15;
const WARM_UP_SECONDS = 5;
const RATE = 500;
/** Over the partitions, as the keys of the rival are. */
const AGENTS = 60;

export interface KafkaHttpRows {
  readonly estop: RoundTrips;
  readonly rawKafkajs: RoundTrips;
}

export async function benchKafkaHttp(): Promise<KafkaHttpRows> {
  const cluster = await startKafkaCluster();
  try {
    const estop = await measureEstop(cluster.bootstrap);
    const about = { bootstrap: cluster.bootstrap, ...SIZES, seconds: SECONDS, rate: RATE };
    return { estop, rawKafkajs: await rawRoundTrip(about) };
  } finally {
    await cluster.stop();
  }
}

async function measureEstop(bootstrap: string): Promise<RoundTrips> {
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

const BODY = JSON.stringify({
  id: '[<id>]',
  tool: 'tool.2',
  arguments: { id: 'order-77', amountMicroUsd: 12, note: 'a line of text as agents write' },
  reason: 'the customer asked for it in the ticket',
  session: 'session-1',
  provenance: { '/id': 'user' },
});
