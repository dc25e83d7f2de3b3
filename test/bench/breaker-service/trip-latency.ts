/**
 * From the audit record that completes a loop to the one that says the breaker is open, by the times
 * at which the log stamped them. Rival of the same run: a plain kafkajs there-and-back of the sizes of
 * an order and an audit record on the same cluster.
 */
import { join } from 'node:path';
import { openEmbeddedLog } from '@estop/log/embedded/embedded-log';
import { openKafkaLog } from '@estop/log/kafka/kafka-log';
import type { EventLog } from '@estop/log/port';
import { readChain } from '@estop/log/run/chain-reader';
import { EstopProcess } from '../../e2e/estop-process.ts';
import { startKafkaCluster } from '../../harness/kafka/cluster.ts';
import { benchFleet } from '../bench-fleet.ts';
import { type Latency, rawRoundTrip } from '../raw-round-trip.ts';

const TRIPS = Number(process.env['BENCH_TRIPS'] ?? 300);
/** Of a process that has just started, and compiles its code. */
const WARM_UP = 20;
const PARTITIONS = 12;
/** `loops.sameResult` of the defaults. */
const LOOP_CALLS = 4;
const RESULT = `sha256:${'a'.repeat(64)}`;
const PAUSE_MS = 20;
const PATIENCE_MS = 10_000;
/** An order with its evidence, and an audit record. */
const SIZES = { there: 900, back: 1_300 };

export interface TripRow extends Latency {
  readonly trips: number;
}

export interface TripLatencyRows {
  readonly embedded: TripRow;
  readonly kafka: TripRow;
  readonly rawKafkajs: Latency;
}

export async function benchTripLatency(): Promise<TripLatencyRows> {
  const embedded = await tripAll({}, ({ dataDir }) =>
    openEmbeddedLog({ path: join(dataDir, 'log'), partitions: PARTITIONS }),
  );
  const cluster = await startKafkaCluster();
  try {
    const { bootstrap } = cluster;
    const brokers = [bootstrap];
    const reading = { clientId: 'bench', partitions: PARTITIONS, createTopics: false };
    const kafka = await tripAll({ KAFKA_BROKERS: bootstrap }, () =>
      openKafkaLog({ brokers, ...reading, linkKey: Buffer.alloc(32, 7) }),
    );
    const raw = await rawRoundTrip({ bootstrap, ...SIZES, seconds: 10, rate: 500 });
    return { embedded, kafka, rawKafkajs: raw.oneAtATime };
  } finally {
    await cluster.stop();
  }
}

async function tripAll(
  env: Readonly<Record<string, string>>,
  open: (estop: EstopProcess) => Promise<EventLog>,
): Promise<TripRow> {
  const files = Object.fromEntries(benchFleet(WARM_UP + TRIPS));
  const estop = new EstopProcess({ files, env, built: true });
  try {
    await estop.start();
    for (let agent = 0; agent < WARM_UP + TRIPS; agent += 1) await loop(estop, `agent-${agent}`);
    await untilOpen(estop, `agent-${WARM_UP + TRIPS - 1}`);
    await estop.stop();
    const log = await open(estop);
    const latenciesMs = await latenciesOf(log);
    await log.close();
    return quantiles(latenciesMs);
  } finally {
    await estop.dispose();
  }
}

async function loop(estop: EstopProcess, agent: string): Promise<void> {
  const key = await estop.agentKey(agent);
  for (let call = 0; call < LOOP_CALLS; call += 1) {
    const id = `${agent}-${call}`;
    const intent = { id, tool: 'tool.0', arguments: { id: 'same' }, session: 's1' };
    const { body } = await estop.post('/v1/intents', intent, key);
    if (body['decision'] !== 'allow') throw new Error(JSON.stringify(body));
    const outcome = { status: 'ok', resultDigest: RESULT };
    await estop.post(`/v1/intents/${id}/outcome`, outcome, key);
  }
}

async function untilOpen(estop: EstopProcess, agent: string): Promise<void> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  for (;;) {
    const { body } = await estop.get(`/v1/agents/${agent}`);
    if (body['breaker']?.mode === 'open') return;
    if (performance.now() > deadlineMs) throw new Error(`${agent} was not tripped`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/** Throws when one of the agents was not tripped, or more than once. */
async function latenciesOf(log: EventLog): Promise<readonly number[]> {
  const latencyMsByAgent = new Map<string, number>();
  for (let partition = 0; partition < log.partitions; partition += 1) {
    const loopMsByAgent = new Map<string, number>();
    const tripped = (agent: string, atMs: number) => {
      if (latencyMsByAgent.has(agent)) throw new Error(`${agent} was tripped twice`);
      latencyMsByAgent.set(agent, atMs - (loopMsByAgent.get(agent) ?? 0));
    };
    await readChain(log, partition, {
      onRecord({ record: { subject, events }, stored: { timestampMs } }) {
        const agent = (subject ?? '').replace('agent:', '');
        for (const event of events) {
          if (event.type === 'OutcomeRecorded') loopMsByAgent.set(agent, timestampMs);
          if (event.type === 'BreakerChanged') tripped(agent, timestampMs);
        }
      },
    });
  }
  const measured = Array.from({ length: TRIPS }, (_, n) => `agent-${WARM_UP + n}`);
  return measured.map((agent) => {
    const latencyMs = latencyMsByAgent.get(agent);
    if (latencyMs === undefined) throw new Error(`${agent} was not tripped`);
    return latencyMs;
  });
}

function quantiles(latenciesMs: readonly number[]): TripRow {
  const sorted = [...latenciesMs].sort((one, other) => one - other);
  const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? 0;
  return { trips: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99) };
}
