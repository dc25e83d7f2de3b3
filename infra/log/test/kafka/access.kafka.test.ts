import { topicNames } from '@estop/log/kafka/topic-names';
import { ensureAcls, ensureTopics } from '@estop/log/kafka/topic-setup';
import kafkajs, { type Admin, Kafka, logLevel, type SASLOptions } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
// @boundaries-ignore the harness that starts brokers serves the tests of every package
import { type KafkaCluster, startKafkaCluster } from '../../../../test/harness/kafka/cluster.ts';
import { PARTITIONS, testTopics } from './open-test-log.ts';

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;
const MECHANISM = 'scram-sha-512';
const OWNER = login('owner');
const SERVICE = login('service');
const SCRAM = 'org.apache.kafka.common.security.scram.ScramLoginModule';
const names = topicNames('');

describe('the log on a cluster that asks for names and rights', () => {
  let cluster: KafkaCluster;

  beforeAll(async () => {
    cluster = await startKafkaCluster({
      properties: {
        'listener.security.protocol.map':
          'CLIENT:SASL_PLAINTEXT,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT',
        'sasl.enabled.mechanisms': 'SCRAM-SHA-512',
        [`listener.name.client.${MECHANISM}.sasl.jaas.config`]: `${SCRAM} required;`,
        'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
        'super.users': 'User:owner;User:ANONYMOUS',
        'allow.everyone.if.no.acl.found': 'false',
      },
      formatArgs: ['owner', 'service'].flatMap((name) => {
        return ['--add-scram', `SCRAM-SHA-512=[name=${name},password=secret of ${name}]`];
      }),
    });
    await asAdmin(cluster, OWNER, async (admin) => {
      await ensureTopics(admin, { names, partitions: PARTITIONS, createTopics: true });
      await ensureAcls(admin, { names, style: 'closed' });
      await allowService(admin);
    });
    // Rights reach the broker after they were granted.
    await vi.waitFor(
      () =>
        asAdmin(cluster, SERVICE, async (admin) => {
          expect(await admin.listTopics()).toEqual(expect.arrayContaining([...names.all]));
        }),
      15_000,
    );
  });

  afterAll(() => cluster?.stop());

  it('writes, reads, follows and joins with no more rights than these', async () => {
    const topics = testTopics(cluster.bootstrap);
    const log = await topics.open({ sasl: SERVICE, createTopics: false, topicPrefix: '' });
    const value = Buffer.from('a');
    expect(await log.append('audit.v1', 0, [{ key: 'k', value }])).toMatchObject({ baseOffset: 0 });
    const seen = vi.fn();
    await log.follow({
      sources: [{ topic: 'audit.v1', partition: 0, from: 'start' }],
      onBatch: seen,
      onFailure: seen,
    });
    await vi.waitFor(() => expect(seen).toHaveBeenCalledOnce());
    const membership = await log.join({
      group: 'rights',
      inputs: ['intents.v1'],
      run: ({ signal }) => new Promise((end) => signal.addEventListener('abort', () => end())),
      onFailure: seen,
    });
    await vi.waitFor(() => expect(membership.assigned()).toHaveLength(PARTITIONS), 15_000);
    await log.close();
  });

  it('keeps its audit from those who may delete everything else', async () => {
    await asAdmin(cluster, SERVICE, async (admin) => {
      await expect(admin.deleteTopics({ topics: ['audit.v1'] })).rejects.toMatchObject({
        type: 'TOPIC_AUTHORIZATION_FAILED',
      });
      await admin.deleteTopics({ topics: ['dead-letters.v1'] });
    });
  });

  it('says that it cannot reach the log with a wrong password', async () => {
    const topics = testTopics(cluster.bootstrap);
    const sasl = { ...SERVICE, password: 'wrong' };
    const error = await topics.open({ sasl }).catch((refused: unknown) => refused);
    expect(error).toMatchObject({ code: 'log-unavailable' });
    expect(String(error)).toMatch(/authentication failed/i);
  });
});

describe('the audit topic of a cluster that lets everybody do everything', () => {
  let cluster: KafkaCluster;

  beforeAll(async () => {
    cluster = await startKafkaCluster({
      properties: {
        'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
        'super.users': 'User:nobody',
        'allow.everyone.if.no.acl.found': 'true',
      },
    });
  });

  afterAll(() => cluster?.stop());

  it('can be written and read after setup, and not be deleted', async () => {
    const topics = testTopics(cluster.bootstrap);
    const log = await topics.open({ topicPrefix: '', auditAcls: 'open' });
    const record = { key: 'k', value: Buffer.from('a') };
    await vi.waitFor(() => log.append('audit.v1', 0, [record]), 15_000);
    // Rights reach the broker after they were granted.
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    await topics.admin(async (admin) => {
      await expect(admin.deleteTopics({ topics: ['audit.v1'] })).rejects.toMatchObject({
        type: 'TOPIC_AUTHORIZATION_FAILED',
      });
      await admin.deleteTopics({ topics: ['dead-letters.v1'] });
    });
    expect((await log.read('audit.v1', 0, { fromOffset: 0, maxRecords: 1 })).records).toHaveLength(
      1,
    );
    await log.close();
  });
});

function login(username: string) {
  const password = `secret of ${username}`;
  return { mechanism: MECHANISM, username, password } as const satisfies SASLOptions;
}

async function asAdmin(
  { bootstrap }: KafkaCluster,
  sasl: SASLOptions,
  use: (admin: Admin) => Promise<void>,
): Promise<void> {
  const brokers = bootstrap.split(',');
  const admin = new Kafka({ brokers, sasl: { ...sasl }, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    await use(admin);
  } finally {
    await admin.disconnect();
  }
}

async function allowService(admin: Admin): Promise<void> {
  const { DESCRIBE, READ, WRITE, DELETE, IDEMPOTENT_WRITE } = AclOperationTypes;
  const { TOPIC, GROUP, CLUSTER } = AclResourceTypes;
  const rights = [
    ...[DESCRIBE, READ, WRITE, DELETE].map((operation) => ({ type: TOPIC, name: '*', operation })),
    { type: GROUP, name: '*', operation: READ },
    { type: CLUSTER, name: 'kafka-cluster', operation: IDEMPOTENT_WRITE },
  ];
  await admin.createAcls({
    acl: rights.map(({ type, name, operation }) => ({
      resourceType: type,
      resourceName: name,
      resourcePatternType: ResourcePatternTypes.LITERAL,
      principal: 'User:service',
      host: '*',
      operation,
      permissionType: AclPermissionTypes.ALLOW,
    })),
  });
}
