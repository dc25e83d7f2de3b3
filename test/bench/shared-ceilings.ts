/**
 * Shared ceilings beside private ones. Throughput: the same intents under limits of their own and
 * under limits that all agents share, log to log. Waiting: the first call of a partition under a
 * shared budget, which has to be granted a slice, beside the second. Stranding: how much of a
 * ceiling is used when the first call is denied.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedLog } from '@estop/log/embedded/embedded-log';
import { partitionOfKey } from '@estop/log/partitioner';
import { EstopProcess } from '../e2e/estop-process.ts';
import { startKafkaCluster } from '../harness/kafka/cluster.ts';
import { PRIVATE_LIMITS, SHARED_LIMITS } from './bench-fleet.ts';
import { appendIntents, decideAll } from './log-to-log.ts';

const PARTITIONS = 12;
const INTENTS = Number(process.env['BENCH_INTENTS'] ?? 120_000);
const TOOLS = 40;
const CEILING = 1_000;
const AGENTS = 100;

interface Waiting {
  /** A first call, which waits for a slice, and a second, which finds one; ms. */
  readonly waitingP50Ms: number;
  readonly waitingP99Ms: number;
  readonly foundP50Ms: number;
  readonly foundP99Ms: number;
}

interface Stranding {
  readonly ceiling: number;
  /** When 95 % is used: not used and in slices, by partition. */
  readonly inSlicesAt95: number;
  readonly freeAtHomeAt95: number;
  /** Calls that were allowed before the first one that was denied. */
  readonly allowedBeforeDenial: number;
}

export interface SharedRows {
  readonly privatePerSecond: number;
  readonly sharedPerSecond: number;
  readonly waiting: Waiting;
  readonly stranding: Stranding;
}

export async function benchSharedCeilings(): Promise<SharedRows> {
  return {
    privatePerSecond: await throughput(PRIVATE_LIMITS),
    sharedPerSecond: await throughput(SHARED_LIMITS),
    ...(await served({})),
  };
}

export async function benchSharedCeilingsKafka(): Promise<Omit<SharedRows, `${string}PerSecond`>> {
  const cluster = await startKafkaCluster();
  try {
    return await served({ KAFKA_BROKERS: cluster.bootstrap });
  } finally {
    await cluster.stop();
  }
}

async function throughput(limits: string): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'estop-bench-'));
  try {
    const log = await openEmbeddedLog({ path: join(folder, 'log'), partitions: PARTITIONS });
    await appendIntents(log, INTENTS);
    const perSecond = await decideAll(log, INTENTS, { limits });
    await log.close();
    return Math.round(perSecond);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function served(
  env: Readonly<Record<string, string>>,
): Promise<Pick<SharedRows, 'waiting' | 'stranding'>> {
  const estop = new EstopProcess({ files: FLEET, env, built: true });
  try {
    await estop.start();
    return { waiting: await measureWaiting(estop), stranding: await measureStranding(estop) };
  } finally {
    await estop.dispose();
  }
}

/** One agent of each partition calls each tool twice; every tool has a budget of its own. */
async function measureWaiting(estop: EstopProcess): Promise<Waiting> {
  const agents = agentOfEachPartition();
  const keys = await Promise.all(agents.map((agent) => estop.agentKey(agent)));
  const waitingMs: number[] = [];
  const foundMs: number[] = [];
  for (let tool = 0; tool < TOOLS; tool += 1) {
    for (const key of keys) {
      waitingMs.push(await call(estop, key, `own.${tool}`));
      foundMs.push(await call(estop, key, `own.${tool}`));
    }
  }
  const [waitingP50Ms, waitingP99Ms] = quantiles(waitingMs);
  const [foundP50Ms, foundP99Ms] = quantiles(foundMs);
  return { waitingP50Ms, waitingP99Ms, foundP50Ms, foundP99Ms };
}

async function call(estop: EstopProcess, key: string, tool: string): Promise<number> {
  const startMs = performance.now();
  const { body } = await ask(estop, key, tool);
  if (body['decision'] !== 'allow') throw new Error(JSON.stringify(body));
  return performance.now() - startMs;
}

let asked = 0;
function ask(estop: EstopProcess, key: string, tool: string) {
  asked += 1;
  const body = { id: `${process.pid}-${asked}`, tool, arguments: {} };
  return estop.post('/v1/intents', body, key);
}

/** Agents of all partitions in turns use up one ceiling. */
async function measureStranding(estop: EstopProcess): Promise<Stranding> {
  const keys: string[] = [];
  for (let agent = 0; agent < AGENTS; agent += 1) keys.push(await estop.agentKey(`agent-${agent}`));
  let at95: { readonly inSlices: number; readonly free: number } | null = null;
  for (let allowed = 0; ; allowed += 1) {
    if (allowed === Math.floor(CEILING * 0.95)) at95 = await limitNow(estop, allowed);
    // No two calls in a row of one partition.
    const { body } = await ask(estop, keys[(allowed * 37) % AGENTS] ?? '', 'all.of.them');
    if (body['decision'] === 'allow') continue;
    return {
      ceiling: CEILING,
      inSlicesAt95: at95?.inSlices ?? 0,
      freeAtHomeAt95: at95?.free ?? 0,
      allowedBeforeDenial: allowed,
    };
  }
}

async function limitNow(estop: EstopProcess, used: number) {
  for (;;) {
    const { body } = await estop.request('GET', '/v1/limits');
    const limit = body['budgets'].find(
      (one: { readonly budgetId: string }) => one.budgetId === 'everybody',
    );
    // Views may be a moment behind.
    if (limit.spent + limit.reserved === used) {
      return { inSlices: limit.inSlices, free: limit.free };
    }
  }
}

function agentOfEachPartition(): readonly string[] {
  const found = new Map<number, string>();
  for (let index = 0; found.size < PARTITIONS; index += 1) {
    const partition = partitionOfKey(`agent-${index}`, PARTITIONS);
    if (!found.has(partition)) found.set(partition, `agent-${index}`);
  }
  return [...found.values()];
}

function quantiles(all: number[]): readonly [number, number] {
  all.sort((one, other) => one - other);
  const at = (share: number) => all[Math.floor(all.length * share)] ?? 0;
  return [at(0.5), at(0.99)];
}

const OWN_TOOLS = Array.from({ length: TOOLS }, (_, tool) => `own.${tool}`);
const FLEET = {
  'agents.yaml': JSON.stringify({
    agents: Object.fromEntries(
      Array.from({ length: AGENTS }, (_, index) => [`agent-${index}`, { groups: ['bench'] }]),
    ),
  }),
  'tools.yaml': JSON.stringify({
    tools: Object.fromEntries(
      [...OWN_TOOLS, 'all.of.them'].map((tool) => [tool, { tier: 'write' }]),
    ),
  }),
  'limits.yaml': JSON.stringify({
    budgets: [
      ...OWN_TOOLS.map((tool) => {
        return { id: tool, scope: { tool }, unit: 'calls', ceiling: 100_000, window: 'day' };
      }),
      {
        id: 'everybody',
        scope: { tool: 'all.of.them' },
        unit: 'calls',
        ceiling: CEILING,
        window: 'day',
      },
    ],
  }),
  'people.yaml': 'people: { dana@example.com: { role: approver } }\n',
  'policies/all.cedar': '@id("all") permit (principal, action, resource);\n',
};
