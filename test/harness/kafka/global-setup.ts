// One broker and one registry for all files of the Kafka suite; a test reads them by
// inject('kafka').
import type { TestProject } from 'vitest/node';
import { startKafkaCluster } from './cluster.ts';
import { onOrphaned } from './orphan.ts';
import { startRegistry } from './registry.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    kafka: {
      /** `host:port` of the broker. */
      readonly bootstrap: string;
      /** Base address of the registry's Confluent-compatible API. */
      readonly registryUrl: string;
    };
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  // A run whose starter was killed would otherwise go on unseen to its end.
  onOrphaned(() => process.exit(1));
  const [kafka, registry] = await Promise.all([startKafkaCluster(), startRegistry()]);
  project.provide('kafka', { bootstrap: kafka.bootstrap, registryUrl: registry.url });
  return async () => {
    await Promise.all([kafka.stop(), registry.stop()]);
  };
}
