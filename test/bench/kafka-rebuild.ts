/**
 * Rebuild from Kafka: every audit record read and held against the chain rule; and decoded and folded.
 * Rival of the same run: a plain kafkajs consumer that reads the same topic and counts its bytes.
 */
import { openKafkaLog } from '@estop/log/kafka/kafka-log';
import type { EventLog } from '@estop/log/port';
import { readChain } from '@estop/log/run/chain-reader';
import { applyRecord } from '@estop/policy/domain/apply-record';
import { initialState } from '@estop/policy/domain/state';
import kafkajs from 'kafkajs';
import { startKafkaCluster } from '../harness/kafka/cluster.ts';
import { appendIntents, decideAll } from './log-to-log.ts';

const PARTITIONS = 12;
const INTENTS = Number(process.env['BENCH_INTENTS'] ?? 120_000);
const ROUNDS = 3;

/** Records a second; the best of three rounds each, in turns. */
export interface RebuildRow {
  readonly records: number;
  readonly chainPerSecond: number;
  readonly chainAndFoldPerSecond: number;
  readonly rawPerSecond: number;
}

export async function benchKafkaRebuild(): Promise<RebuildRow> {
  const cluster = await startKafkaCluster();
  try {
    const log = await openKafkaLog({
      brokers: [cluster.bootstrap],
      clientId: 'bench',
      partitions: PARTITIONS,
      linkKey: Buffer.alloc(32, 7),
      createTopics: true,
      topicPrefix: 'bench.',
    });
    await appendIntents(log, INTENTS);
    await decideAll(log, INTENTS);
    const records = await countRecords(log);
    let [chain, fold, raw] = [0, 0, 0];
    for (let round = 0; round < ROUNDS; round += 1) {
      raw = Math.max(raw, perSecond(records, await readRaw(cluster.bootstrap, { records, round })));
      chain = Math.max(chain, perSecond(records, await readAll(log, () => () => undefined)));
      fold = Math.max(fold, perSecond(records, await readAll(log, foldInto)));
    }
    await log.close();
    return {
      records,
      chainPerSecond: chain,
      chainAndFoldPerSecond: fold,
      rawPerSecond: raw,
    };
  } finally {
    await cluster.stop();
  }
}

type OnRecord = Parameters<typeof readChain>[2]['onRecord'];

function foldInto(partition: number): OnRecord {
  const state = initialState(partition);
  return ({ record, stored }) => applyRecord(state, record, stored.offset);
}

/** How long it takes, ms. */
async function readAll(log: EventLog, reader: (partition: number) => OnRecord): Promise<number> {
  const startMs = performance.now();
  const partitions = Array.from({ length: log.partitions }, (_, partition) => partition);
  await Promise.all(
    partitions.map((partition) => readChain(log, partition, { onRecord: reader(partition) })),
  );
  return performance.now() - startMs;
}

async function countRecords(log: EventLog): Promise<number> {
  let records = 0;
  await readAll(log, () => () => {
    records += 1;
  });
  return records;
}

function perSecond(records: number, ms: number): number {
  return Math.round((records * 1_000) / ms);
}

/** How long it takes from the first batch on, ms: joining a group is not reading. */
async function readRaw(
  bootstrap: string,
  { records, round }: { readonly records: number; readonly round: number },
): Promise<number> {
  const kafka = new kafkajs.Kafka({ brokers: [bootstrap], logLevel: kafkajs.logLevel.NOTHING });
  const consumer = kafka.consumer({ groupId: `bench-raw-${round}`, maxWaitTimeInMs: 50 });
  await consumer.connect();
  await consumer.subscribe({ topic: 'bench.audit.v1', fromBeginning: true });
  let read = 0;
  let bytes = 0;
  const tookMs = await new Promise<number>((resolve, reject) => {
    let firstMs = 0;
    const options = {
      autoCommit: false,
      partitionsConsumedConcurrently: PARTITIONS,
      async eachBatch({ batch }: kafkajs.EachBatchPayload) {
        firstMs ||= performance.now();
        for (const { value } of batch.messages) bytes += value?.length ?? 0;
        read += batch.messages.length;
        if (read >= records) resolve(performance.now() - firstMs);
      },
    };
    consumer.run(options).catch(reject);
  });
  if (bytes === 0) throw new Error('nothing was read');
  await consumer.disconnect();
  return tookMs;
}
