import { inject } from 'vitest';
import { describeScenarios } from './scenarios.ts';

describeScenarios('Kafka', async () => {
  const { bootstrap, registryUrl } = inject('kafka');
  return { KAFKA_BROKERS: bootstrap, SCHEMA_REGISTRY_URL: registryUrl };
});
