/** Agents that write to Kafka themselves and sign what they write: kafkajs, Avro, Ed25519, no SDK. */
import { generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { SchemaRegistry } from '@kafkajs/confluent-schema-registry';
import { type Consumer, Kafka, logLevel, type Producer } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type KafkaCluster, startKafkaCluster } from '../harness/kafka/cluster.ts';
import { EstopProcess } from './estop-process.ts';
import { FLEET } from './fleet.ts';

const AGENT = 'billing-bot';
const ANSWER_MS = 20_000;

/** What was read of the topics that answer, decoded. */
interface Answers {
  // biome-ignore lint/suspicious/noExplicitAny: Avro answers whatever the schema says
  readonly decisions: any[];
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly letters: any[];
}

let cluster: KafkaCluster;
let estop: EstopProcess;
let registry: SchemaRegistry;
let producer: Producer;
let consumer: Consumer;
let schemaId: number;
let agentKey: { readonly id: string; readonly privateKey: KeyObject };
const answers: Answers = { decisions: [], letters: [] };

beforeAll(async () => {
  const { registryUrl } = inject('kafka');
  // The shared cluster holds a fleet under the link key of other tests.
  cluster = await startKafkaCluster();
  const { bootstrap } = cluster;
  const env = { KAFKA_BROKERS: bootstrap, SCHEMA_REGISTRY_URL: registryUrl };
  estop = new EstopProcess({ files: FLEET, env });
  await estop.start();
  registry = new SchemaRegistry({ host: registryUrl });
  schemaId = await registry.getLatestSchemaId('intents.v1-value');
  agentKey = await register();
  const kafka = new Kafka({ brokers: bootstrap.split(','), logLevel: logLevel.NOTHING });
  producer = kafka.producer();
  await producer.connect();
  consumer = kafka.consumer({ groupId: `agent-${randomUUID()}` });
  await consumer.connect();
  await consumer.subscribe({ topics: ['decisions.v1', 'dead-letters.v1'], fromBeginning: true });
  await consumer.run({
    async eachMessage({ topic, message }) {
      if (message.value === null) return;
      const answer = await registry.decode(message.value);
      (topic === 'decisions.v1' ? answers.decisions : answers.letters).push(answer);
    },
  });
}, 120_000);

afterAll(async () => {
  await consumer.disconnect();
  await producer.disconnect();
  await estop.dispose();
  await cluster.stop();
});

/** Makes a key pair and registers the public key with estop. */
async function register(agent = AGENT) {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'jwk' }).x;
  const path = `/v1/agents/${agent}/credentials`;
  const { status, body } = await estop.post(path, { kind: 'ed25519', publicKey: raw });
  expect(status).toBe(201);
  return { id: String(body['id']), privateKey };
}

async function intentBytes(intentId: string, agentId = AGENT): Promise<Buffer> {
  return registry.encode(schemaId, {
    intentId,
    agentId,
    sessionId: null,
    tool: 'crm.read',
    arguments: '{"id":"7"}',
    reason: null,
    task: null,
    tokens: null,
    microUsd: null,
    provenance: {},
    undo: null,
    proposedBy: null,
    point: null,
  });
}

function signatureOf(value: Buffer, key = agentKey, agentId = AGENT): string {
  const bytes = Buffer.concat([Buffer.from('intents.v1'), Buffer.from(agentId), value]);
  return `${key.id}.${sign(null, bytes, key.privateKey).toString('base64url')}`;
}

/** Writes an intent as an agent does; answers its id. */
async function write(value: Buffer, signature?: string): Promise<void> {
  const headers = signature === undefined ? {} : { 'estop-signature': signature };
  await producer.send({
    topic: 'intents.v1',
    acks: -1,
    messages: [{ key: AGENT, value, headers }],
  });
}

async function expectAllowed(intentId: string): Promise<void> {
  const verdict = () =>
    answers.decisions.find((decision) => decision.intentId === intentId)?.decision;
  await expect.poll(verdict, { timeout: ANSWER_MS }).toBe('allow');
}

/** Another intent, signed well, that comes behind: the partition goes on. */
async function expectToGoOn(): Promise<void> {
  const id = randomUUID();
  const value = await intentBytes(id);
  await write(value, signatureOf(value));
  await expectAllowed(id);
}

describe('an agent that writes to Kafka itself', () => {
  it('gets a decision on an intent that it signed with its registered key', async () => {
    const id = randomUUID();
    const value = await intentBytes(id);
    await write(value, signatureOf(value));
    await expectAllowed(id);
  });

  it('gets one decision on a record that it wrote twice', async () => {
    const id = randomUUID();
    const value = await intentBytes(id);
    await write(value, signatureOf(value));
    await write(value, signatureOf(value));
    await expectToGoOn();
    const own = answers.decisions.filter((decision) => decision.intentId === id);
    expect(new Set(own.map(({ record }) => `${record.partition}/${record.offset}`)).size).toBe(1);
  });

  it.each([
    ['without a signature', async () => undefined],
    [
      'signed with a key that is not registered',
      async (value: Buffer) => {
        const { privateKey } = generateKeyPairSync('ed25519');
        return signatureOf(value, { id: agentKey.id, privateKey });
      },
    ],
    [
      'signed with the key of another agent',
      async (value: Buffer) => signatureOf(value, await register('crm-bot')),
    ],
    ['signed for another record', async () => signatureOf(await intentBytes(randomUUID()))],
    [
      'signed with a revoked key',
      async (value: Buffer) => {
        const revoked = await register();
        const path = `/v1/agents/${AGENT}/credentials/${revoked.id}`;
        expect((await estop.request('DELETE', path)).status).toBe(204);
        return signatureOf(value, revoked);
      },
    ],
  ])('finds an intent %s among the dead letters, and never decided', async (_how, signed) => {
    const id = randomUUID();
    const value = await intentBytes(id);
    await write(value, await signed(value));
    const letterOf = () => answers.letters.find((letter) => letter.value.equals(value));
    await expect.poll(letterOf, { timeout: ANSWER_MS }).toBeDefined();
    expect(letterOf()).toMatchObject({ topic: 'intents.v1', reason: 'unauthenticated' });
    await expectToGoOn();
    expect(answers.decisions.some(({ intentId }) => intentId === id)).toBe(false);
  });
});
