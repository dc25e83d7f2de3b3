/**
 * Kafka log to log: intents that stand in Kafka are decided, their audit records acknowledged by
 * the broker, their decisions published. Rival of the same run: an echo by plain kafkajs that copies
 * values of the same sizes to two topics in chunks of 500, as the pipeline must at least do.
 */
import { openKafkaLog } from '@estop/log/kafka/kafka-log';
import type { EventLog } from '@estop/log/port';
import kafkajs from 'kafkajs';
import { startKafkaCluster } from '../harness/kafka/cluster.ts';
import { appendIntents, decideAll } from './log-to-log.ts';

const PARTITIONS = 12;
const INTENTS = Number(process.env['BENCH_INTENTS'] ?? 120_000);
const CHUNK = 500;
const ROUNDS = 3;

export interface KafkaRow {
  readonly decisionsPerSecond: number;
  readonly echoPerSecond: number;
  /** Of this process, all its threads: the machine may be busy elsewhere. */
  readonly cpuMicrosPerDecision: number;
}

/** The rounds in turns, since one round may have a slower machine than the next. */
export async function benchKafkaLogToLog(): Promise<readonly KafkaRow[]> {
  const cluster = await startKafkaCluster();
  const rows: KafkaRow[] = [];
  try {
    while (rows.length < ROUNDS) rows.push(await round(cluster.bootstrap, `round${rows.length}.`));
  } finally {
    await cluster.stop();
  }
  return rows;
}

async function round(bootstrap: string, topicPrefix: string): Promise<KafkaRow> {
  const log = await openKafkaLog({
    brokers: [bootstrap],
    clientId: 'bench',
    partitions: PARTITIONS,
    linkKey: Buffer.alloc(32, 7),
    createTopics: true,
    topicPrefix,
  });
  await appendIntents(log, INTENTS);
  const before = process.cpuUsage();
  const decisionsPerSecond = Math.round(await decideAll(log, INTENTS));
  const { user, system } = process.cpuUsage(before);
  const sizes = await recordSizes(log);
  await log.close();
  const echoPerSecond = Math.round(await echo(bootstrap, { topicPrefix, sizes }));
  const cpuMicrosPerDecision = Math.round((user + system) / INTENTS);
  return { decisionsPerSecond, echoPerSecond, cpuMicrosPerDecision };
}

/** Bytes of an audit record and of a decision. */
async function recordSizes(log: EventLog): Promise<readonly number[]> {
  const sizes: number[] = [];
  for (const topic of ['audit.v1', 'decisions.v1'] as const) {
    const { records } = await log.read(topic, 0, { fromOffset: 10, maxRecords: 1 });
    sizes.push(records[0]?.value?.length ?? 0);
  }
  return sizes;
}

async function echo(
  bootstrap: string,
  { topicPrefix, sizes }: { readonly topicPrefix: string; readonly sizes: readonly number[] },
): Promise<number> {
  const targets = sizes.map((size, index) => ({ topic: `${topicPrefix}echo-${index}`, size }));
  const kafka = new kafkajs.Kafka({ brokers: [bootstrap], logLevel: kafkajs.logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({
    topics: targets.map(({ topic }) => ({ topic, numPartitions: PARTITIONS })),
  });
  await admin.disconnect();
  const producer = kafka.producer({ idempotent: true, retry: { retries: 10 } });
  await producer.connect();
  const consumer = kafka.consumer({ groupId: `${topicPrefix}echo`, maxWaitTimeInMs: 50 });
  await consumer.connect();
  await consumer.subscribe({ topic: `${topicPrefix}intents.v1`, fromBeginning: true });
  let started = 0;
  let copied = 0;
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  await consumer.run({
    autoCommit: false,
    partitionsConsumedConcurrently: PARTITIONS,
    async eachBatch({ batch, heartbeat }) {
      started ||= performance.now();
      for (let at = 0; at < batch.messages.length; at += CHUNK) {
        const chunk = batch.messages.slice(at, at + CHUNK);
        await copy(producer, { partition: batch.partition, chunk, targets });
        await heartbeat();
        copied += chunk.length;
      }
      if (copied >= INTENTS) finish();
    },
  });
  await finished;
  const perSecond = INTENTS / ((performance.now() - started) / 1_000);
  await consumer.disconnect();
  await producer.disconnect();
  return perSecond;
}

interface Chunk {
  readonly partition: number;
  readonly chunk: readonly { readonly key: Buffer | null }[];
  readonly targets: readonly { readonly topic: string; readonly size: number }[];
}

async function copy(
  producer: kafkajs.Producer,
  { partition, chunk, targets }: Chunk,
): Promise<void> {
  for (const { topic, size } of targets) {
    const value = Buffer.alloc(size, 1);
    const messages = chunk.map(({ key }) => ({ key, value, partition }));
    await producer.send({ topic, messages, acks: -1 });
  }
}

if (process.argv[1] === import.meta.filename) console.log(await benchKafkaLogToLog());
