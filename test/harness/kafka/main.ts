// `npm run kafka`: a real Kafka and a schema registry for development, until Ctrl-C.
import { parseArgs } from 'node:util';
import { startKafkaCluster } from './cluster.ts';
import { onOrphaned } from './orphan.ts';
import { startRegistry } from './registry.ts';

const USAGE = 'usage: npm run kafka [-- --brokers 1|3]';

try {
  await run(brokerCount());
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  // Whatever was started ends with this process.
  process.exit(1);
}

async function run(brokers: 1 | 3): Promise<void> {
  const ended = endRequested();
  process.stdout.write(
    `starting ${brokers === 1 ? 'one broker' : 'three brokers'} and a registry\n`,
  );
  const starting = Promise.all([startKafkaCluster({ brokers }), startRegistry()]);
  const started = await Promise.race([starting, ended]);
  if (started !== undefined) {
    const [kafka, registry] = started;
    process.stdout.write(instructions(kafka.bootstrap, registry.url));
    await ended;
    await Promise.all([kafka.stop(), registry.stop()]);
    process.stdout.write('stopped; its data is removed\n');
  }
  process.exit(0);
}

function brokerCount(): 1 | 3 {
  const { values } = parseArgs({ options: { brokers: { type: 'string', default: '1' } } });
  if (values.brokers === '1') return 1;
  if (values.brokers === '3') return 3;
  throw new Error(USAGE);
}

function endRequested(): Promise<undefined> {
  return new Promise((resolve) => {
    const end = () => resolve(undefined);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);
    onOrphaned(end);
  });
}

function instructions(bootstrap: string, registryUrl: string): string {
  const variables = `KAFKA_BROKERS=${bootstrap} SCHEMA_REGISTRY_URL=${registryUrl}`;
  return [
    '',
    variables,
    '',
    'In another terminal, estop on this Kafka:',
    `  ${variables} npm start`,
    '',
    'Ctrl-C stops it and removes its data.',
    '',
  ].join('\n');
}
