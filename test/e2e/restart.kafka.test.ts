import { afterAll } from 'vitest';
import { type KafkaCluster, startKafkaCluster } from '../harness/kafka/cluster.ts';
import { describeRestarts } from './restarts.ts';

let cluster: KafkaCluster | null = null;

afterAll(() => cluster?.stop());

describeRestarts('Kafka', async () => {
  // The shared cluster holds snapshots under the link key of other tests.
  cluster = await startKafkaCluster();
  return { KAFKA_BROKERS: cluster.bootstrap };
});
