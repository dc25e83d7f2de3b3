/**
 * One agent floods: 20 agents ask five times a second each, and then one more asks a hundred times
 * as often. The others' latency before and meanwhile, on either log.
 */
import { EstopProcess } from '../e2e/estop-process.ts';
import { startKafkaCluster } from '../harness/kafka/cluster.ts';
import { benchFleet } from './bench-fleet.ts';
import { type LoadOptions, type LoadResult, load } from './load.ts';

const AGENTS = 20;
const EACH_PER_SECOND = 5;
const FLOOD_TIMES = 100;
const SECONDS = 20;
const WARM_UP_SECONDS = 5;

export interface FloodRow {
  readonly before: LoadResult;
  readonly meanwhile: LoadResult;
  readonly flood: LoadResult;
  readonly p99Ratio: number;
}

export function benchFlood(): Promise<FloodRow> {
  return measure({});
}

export async function benchFloodKafka(): Promise<FloodRow> {
  const cluster = await startKafkaCluster();
  try {
    return await measure({ KAFKA_BROKERS: cluster.bootstrap });
  } finally {
    await cluster.stop();
  }
}

async function measure(env: Readonly<Record<string, string>>): Promise<FloodRow> {
  const files = Object.fromEntries(benchFleet(AGENTS + 1));
  const estop = new EstopProcess({ files, env, built: true });
  try {
    await estop.start();
    const tokens: string[] = [];
    for (let agent = 0; agent < AGENTS; agent += 1) {
      tokens.push(await estop.agentKey(`agent-${agent}`));
    }
    const flooding = [await estop.agentKey(`agent-${AGENTS}`)];
    const request: Omit<LoadOptions, 'tokens' | 'seconds'> = {
      url: `${estop.url}/v1/intents`,
      headers: { 'content-type': 'application/json' },
      body: BODY,
      connections: 32,
    };
    const calm = { ...request, tokens, rate: AGENTS * EACH_PER_SECOND };
    const storm = { ...request, tokens: flooding, rate: EACH_PER_SECOND * FLOOD_TIMES };
    await Promise.all([
      load({ ...calm, seconds: WARM_UP_SECONDS }),
      load({ ...storm, seconds: WARM_UP_SECONDS }),
    ]);
    const before = await load({ ...calm, seconds: SECONDS });
    const [meanwhile, flood] = await Promise.all([
      load({ ...calm, seconds: SECONDS }),
      load({ ...storm, seconds: SECONDS }),
    ]);
    return { before, meanwhile, flood, p99Ratio: meanwhile.p99Ms / before.p99Ms };
  } finally {
    await estop.dispose();
  }
}

const BODY = JSON.stringify({
  id: '[<id>]',
  tool: 'tool.2',
  arguments: { id: 'order-77', amountMicroUsd: 12, note: 'a line of text as agents write' },
  reason: 'the customer asked for it in the ticket',
});
