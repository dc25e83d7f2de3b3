import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import { Kafka, type KafkaConfig, logLevel } from 'kafkajs';
import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { type KafkaCluster, startKafkaCluster } from './kafka/cluster.ts';
import { commandsNaming, sandboxFolders } from './process-table.ts';
import { startProxy, type TcpProxy } from './tcp-proxy.ts';

const KAFKA_COMMAND = fileURLToPath(new URL('../../scripts/kafka.mjs', import.meta.url));
const PATIENCE = { timeout: 15_000, interval: 50 };

describe('the shared cluster', () => {
  it('has one broker that describes itself', async () => {
    const { bootstrap } = inject('kafka');
    const { brokers } = await describeCluster(bootstrap);
    expect(brokers.map(({ host, port }) => `${host}:${port}`)).toEqual([bootstrap]);
  });

  it('has a registry that keeps an Avro schema', async () => {
    const registry = new SchemaRegistry({ host: inject('kafka').registryUrl });
    const schema = JSON.stringify({
      type: 'record',
      name: 'HarnessProbe',
      namespace: 'estop.test',
      fields: [{ name: 'agent', type: 'string' }],
    });
    const { id } = await registry.register({ type: SchemaType.AVRO, schema });
    const bytes = await registry.encode(id, { agent: 'a-1' });
    expect(bytes.readInt32BE(1)).toBe(id);
    expect(await registry.decode(bytes)).toMatchObject({ agent: 'a-1' });
  });
});

describe('a cluster of one broker', () => {
  it('keeps its records over kill -9 and restart, on the same port', async () => {
    await withCluster({}, async ({ bootstrap, brokers: [broker] }) => {
      await createTopic(bootstrap, { replicationFactor: 1 });
      await sendTo(bootstrap, 'before');
      const firstPid = broker?.pid;
      await broker?.kill('SIGKILL');
      expect(broker?.isRunning()).toBe(false);
      await broker?.restart();
      expect(broker?.pid).not.toBe(firstPid);
      expect(await sendTo(bootstrap, 'after')).toBe('1');
    });
  });

  it('answers nothing while it is paused and goes on when resumed', async () => {
    await withCluster({}, async ({ bootstrap, brokers: [broker] }) => {
      broker?.pause();
      const impatient = { requestTimeout: 500, retry: { retries: 0 } };
      await expect(describeCluster(bootstrap, impatient)).rejects.toThrow();
      broker?.resume();
      expect((await describeCluster(bootstrap)).brokers).toHaveLength(1);
    });
  });

  it('is reached only through the proxy it is advertised behind', async () => {
    const proxies: TcpProxy[] = [];
    const advertisedPort = async ({ port }: { port: number }) => {
      const proxy = await startProxy(port);
      proxies.push(proxy);
      return proxy.port;
    };
    await withCluster({ advertisedPort }, async ({ bootstrap, brokers: [broker] }) => {
      const [proxy] = proxies;
      expect(bootstrap).toBe(`127.0.0.1:${proxy?.port}`);
      const described = await describeCluster(`127.0.0.1:${broker?.port}`);
      expect(described.brokers.map(({ port }) => port)).toEqual([proxy?.port]);
      expect(proxy?.connectionCount()).toBeGreaterThan(0);
    });
    for (const proxy of proxies) await proxy.stop();
  });

  it('takes SASL and ACL properties', async () => {
    const properties = {
      'listener.security.protocol.map':
        'CLIENT:SASL_PLAINTEXT,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT',
      'sasl.enabled.mechanisms': 'SCRAM-SHA-512',
      'listener.name.client.scram-sha-512.sasl.jaas.config':
        'org.apache.kafka.common.security.scram.ScramLoginModule required;',
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': 'User:admin;User:ANONYMOUS',
    };
    const formatArgs = [
      ...['--add-scram', 'SCRAM-SHA-512=[name=admin,password=right]'],
      ...['--add-scram', 'SCRAM-SHA-512=[name=agent,password=right]'],
    ];
    await withCluster({ properties, formatArgs }, async ({ bootstrap }) => {
      const admin = credentials('admin', 'right');
      expect((await describeCluster(bootstrap, admin)).brokers).toHaveLength(1);
      await createTopic(bootstrap, { replicationFactor: 1, ...admin });
      const wrong = credentials('admin', 'wrong');
      await expect(describeCluster(bootstrap, wrong)).rejects.toThrow(/authentication/i);
      const agent = credentials('agent', 'right');
      await expect(sendTo(bootstrap, 'x', agent)).rejects.toThrow(/not authorized/i);
    });
  });

  it('shows the end of its log when it cannot start', async () => {
    const properties = { 'log.retention.ms': 'never' };
    await expect(startKafkaCluster({ properties })).rejects.toThrow(/log\.retention\.ms/);
  });
});

describe('a cluster of three brokers', () => {
  it('takes writes by a majority while one broker is dead, and takes that one back', async () => {
    await withCluster({ brokers: 3 }, async ({ bootstrap, brokers }) => {
      expect((await describeCluster(bootstrap)).brokers).toHaveLength(3);
      await createTopic(bootstrap, { replicationFactor: 3 });
      await sendTo(bootstrap, 'before');
      const leader = await leaderOf(bootstrap);
      const follower = brokers.find(({ id }) => id !== leader);
      await follower?.kill();
      expect(await sendTo(bootstrap, 'meanwhile')).toBe('1');
      await follower?.restart();
      expect((await describeCluster(bootstrap)).brokers).toHaveLength(3);
    });
  });
});

describe('npm run kafka', () => {
  let dir = '';

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'harness-test-'));
  });

  afterEach(() => {
    rmSync(dir, { recursive: true, force: true });
  });

  it('leaves no process and no data when it is killed with SIGKILL', async () => {
    const owner = await startKafkaCommand(dir);
    expect(runningJava(dir)).toHaveLength(2);
    owner.kill('SIGKILL');
    await vi.waitFor(() => expect(leftovers(dir)).toEqual([]), PATIENCE);
  });

  it('leaves no process and no data when it is ended with Ctrl-C', async () => {
    const owner = await startKafkaCommand(dir);
    owner.kill('SIGINT');
    const [code] = await once(owner, 'exit');
    expect(code).toBe(0);
    expect(leftovers(dir)).toEqual([]);
  });

  it('leaves no process and no data when it is ended while starting', async () => {
    const owner = spawnKafkaCommand(dir);
    await vi.waitFor(() => expect(runningJava(dir)).not.toEqual([]), PATIENCE);
    owner.kill('SIGTERM');
    await vi.waitFor(() => expect(leftovers(dir)).toEqual([]), PATIENCE);
  });
});

type Connection = Partial<KafkaConfig>;

function client(bootstrap: string, connection: Connection = {}): Kafka {
  // A new cluster loads its coordinators first, which kafkajs retries and reports as errors.
  return new Kafka({ brokers: bootstrap.split(','), logLevel: logLevel.NOTHING, ...connection });
}

function credentials(username: string, password: string): Connection {
  return { sasl: { mechanism: 'scram-sha-512', username, password }, retry: { retries: 1 } };
}

async function describeCluster(bootstrap: string, connection?: Connection) {
  const admin = client(bootstrap, connection).admin();
  try {
    await admin.connect();
    return await admin.describeCluster();
  } finally {
    await admin.disconnect();
  }
}

async function createTopic(
  bootstrap: string,
  { replicationFactor, ...connection }: Connection & { replicationFactor: number },
): Promise<void> {
  const admin = client(bootstrap, connection).admin();
  await admin.connect();
  await admin.createTopics({
    waitForLeaders: true,
    topics: [{ topic: 'probe', numPartitions: 1, replicationFactor }],
  });
  await admin.disconnect();
}

async function leaderOf(bootstrap: string): Promise<number | undefined> {
  const admin = client(bootstrap).admin();
  await admin.connect();
  const { topics } = await admin.fetchTopicMetadata({ topics: ['probe'] });
  await admin.disconnect();
  return topics[0]?.partitions[0]?.leader;
}

/** Sends one record that all in-sync replicas must have; returns its offset. */
async function sendTo(bootstrap: string, value: string, connection: Connection = {}) {
  // A producer does not take over the number of retries of its client.
  const producer = client(bootstrap, connection).producer({ retry: { retries: 12 } });
  try {
    await producer.connect();
    const [sent] = await producer.send({ topic: 'probe', acks: -1, messages: [{ value }] });
    return sent?.baseOffset;
  } finally {
    await producer.disconnect();
  }
}

async function withCluster(
  options: Parameters<typeof startKafkaCluster>[0],
  use: (cluster: KafkaCluster) => Promise<void>,
): Promise<void> {
  const cluster = await startKafkaCluster(options);
  try {
    await use(cluster);
  } finally {
    await cluster.stop();
  }
}

function spawnKafkaCommand(dir: string): ChildProcess {
  return spawn(process.execPath, [KAFKA_COMMAND], {
    env: { ...process.env, TMPDIR: dir },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function startKafkaCommand(dir: string): Promise<ChildProcess> {
  const owner = spawnKafkaCommand(dir);
  let output = '';
  owner.stdout?.on('data', (chunk) => {
    output += chunk;
  });
  await vi.waitFor(() => expect(output).toMatch(/^KAFKA_BROKERS=\S+ SCHEMA_REGISTRY_URL=\S+$/m), {
    timeout: 60_000,
    interval: 50,
  });
  return owner;
}

function runningJava(dir: string): string[] {
  return commandsNaming(join(dir, 'estop-sandbox-')).filter((command) =>
    /kafka\.Kafka|-runner\.jar/.test(command),
  );
}

function leftovers(dir: string): string[] {
  return [...commandsNaming(dir), ...sandboxFolders(dir)];
}
