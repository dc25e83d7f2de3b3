/** Creating and checking the topics: part of starting, or a command of its own. */
import { setTimeout as sleep } from 'node:timers/promises';
import { EstopError } from '@estop/schemas/errors';
import { partitionCountOf, TOPICS, type Topic } from '@estop/schemas/topics';
import kafkajs, { type AclEntry, type Admin, type ITopicConfig } from 'kafkajs';
import type { ClientConfig } from './client.ts';
import { ALL_TOPICS, type TopicNames } from './topic-names.ts';

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ConfigResourceTypes } = kafkajs;
const { ResourcePatternTypes } = kafkajs;

const REPLICAS = 3;
/** How long new topics may take until all brokers know them. */
const SETTLE_MS = 15_000;
const POLL_MS = 50;
const FOR_EVER = '-1';
/** Compaction of what changes often starts after this share of the log is stale. */
const DIRTY_RATIO = '0.2';
/** The newest segment is never compacted: readers of a table read all of it. */
const COMPACTED_SEGMENT_BYTES = 64 * 1024 * 1024;
const LARGEST_VALUES_PER_BATCH = 8;
const BATCH_BYTES_MAX = 16 * 1024 * 1024;

export interface TopicSetup {
  readonly names: TopicNames;
  /** Partitions of every agent-keyed topic. */
  readonly partitions: number;
  /** Default: three, or as many as there are brokers. */
  readonly replicationFactor?: number;
  /** False: only check. */
  readonly createTopics: boolean;
  readonly onClientLog?: ClientConfig['onClientLog'];
}

/** Largest batch of a topic: the broker refuses what is above. */
export function batchBytesMaxOf(topic: Topic): number {
  return Math.min(BATCH_BYTES_MAX, TOPICS[topic].valueBytesMax * LARGEST_VALUES_PER_BATCH);
}

/** Makes the topics that are missing, and checks them all; throws `config-invalid`. */
export async function ensureTopics(admin: Admin, setup: TopicSetup): Promise<void> {
  const { names } = setup;
  const existing = new Set(await admin.listTopics());
  const missing = ALL_TOPICS.filter((topic) => !existing.has(names.of(topic)));
  if (missing.length > 0 && !setup.createTopics) {
    throw missingTopics(missing.map((topic) => names.of(topic)));
  }
  const isOurs = missing.length > 0 && (await createTopics(admin, missing, setup));
  await checkPartitions(admin, setup);
  if (!isOurs || missing.length < ALL_TOPICS.length) await checkStamps(admin, setup);
}

/**
 * closed: the cluster denies what no access right allows. open: it lets everybody do what no right
 * speaks of (`allow.everyone.if.no.acl.found`); there a first right on a resource takes the others
 * away, and the right to delete on the cluster as a whole is stronger than a denial on one topic.
 */
export type AclStyle = 'closed' | 'open';

/** Denies everybody to delete or alter the audit topic. */
export async function ensureAcls(
  admin: Admin,
  setup: Pick<TopicSetup, 'names'> & { readonly style: AclStyle },
): Promise<void> {
  const { ALL, DELETE, ALTER, ALTER_CONFIGS, READ, WRITE, DESCRIBE, DESCRIBE_CONFIGS } =
    AclOperationTypes;
  const { ALLOW, DENY } = AclPermissionTypes;
  const onAudit = forEverybody(AclResourceTypes.TOPIC, setup.names.of('audit.v1'));
  const onCluster = forEverybody(AclResourceTypes.CLUSTER, CLUSTER_NAME);
  const acl = [DELETE, ALTER, ALTER_CONFIGS].map((operation) => onAudit(operation, DENY));
  if (setup.style === 'open') {
    const uses = [READ, WRITE, DESCRIBE, DESCRIBE_CONFIGS];
    acl.push(...uses.map((operation) => onAudit(operation, ALLOW)));
    acl.push(onCluster(DELETE, DENY), onCluster(ALL, ALLOW));
  }
  await admin.createAcls({ acl });
}

/** The one resource of type cluster, by the name that Kafka gives it. */
const CLUSTER_NAME = 'kafka-cluster';

function forEverybody(
  resourceType: AclEntry['resourceType'],
  resourceName: string,
): (operation: AclEntry['operation'], permissionType: AclEntry['permissionType']) => AclEntry {
  return (operation, permissionType) => ({
    resourceType,
    resourceName,
    resourcePatternType: ResourcePatternTypes.LITERAL,
    principal: 'User:*',
    host: '*',
    operation,
    permissionType,
  });
}

/** Answers whether it made them all: false when somebody else was faster with one. */
async function createTopics(
  admin: Admin,
  missing: readonly Topic[],
  setup: TopicSetup,
): Promise<boolean> {
  const { brokers } = await admin.describeCluster();
  const replicas = setup.replicationFactor ?? Math.min(REPLICAS, brokers.length);
  const topics = missing.map((topic): ITopicConfig => {
    return {
      topic: setup.names.of(topic),
      numPartitions: partitionCountOf(topic, setup.partitions),
      replicationFactor: replicas,
      configEntries: configOf(topic, replicas),
    };
  });
  return admin.createTopics({ topics, waitForLeaders: false });
}

function configOf(topic: Topic, replicas: number): { name: string; value: string }[] {
  const { cleanup, retentionMs } = TOPICS[topic];
  const entries: Record<string, string> = {
    'cleanup.policy': cleanup,
    // No writer can choose its own time.
    'message.timestamp.type': 'LogAppendTime',
    'max.message.bytes': String(batchBytesMaxOf(topic)),
    'min.insync.replicas': replicas >= REPLICAS ? '2' : '1',
    'unclean.leader.election.enable': 'false',
    // Whatever others write packed is unpacked by the broker: no reader needs their codecs.
    'compression.type': 'uncompressed',
  };
  if (cleanup === 'delete') {
    entries['retention.ms'] = retentionMs === null ? FOR_EVER : String(retentionMs);
    entries['retention.bytes'] = FOR_EVER;
  } else {
    entries['min.cleanable.dirty.ratio'] = DIRTY_RATIO;
    entries['segment.bytes'] = String(COMPACTED_SEGMENT_BYTES);
  }
  return Object.entries(entries).map(([name, value]) => ({ name, value }));
}

async function checkPartitions(admin: Admin, setup: TopicSetup): Promise<void> {
  const counts = await partitionCounts(admin, setup.names);
  for (const topic of ALL_TOPICS) {
    const name = setup.names.of(topic);
    const wanted = partitionCountOf(topic, setup.partitions);
    const found = counts.get(name);
    if (found === wanted) continue;
    const text = `${name} has ${found} partitions, fixed when it was created`;
    throw new EstopError('config-invalid', `${text}; ${wanted} are configured`);
  }
}

/** Waits until every topic is known and led: brokers hear of new ones one after the other. */
async function partitionCounts(
  admin: Admin,
  names: TopicNames,
): Promise<ReadonlyMap<string, number>> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const { topics } = await admin.fetchTopicMetadata({ topics: [...names.all] });
      return new Map(topics.map(({ name, partitions }) => [name, partitions.length]));
    } catch (error) {
      if (attempt * POLL_MS > SETTLE_MS) throw error;
      await sleep(POLL_MS);
    }
  }
}

/** Topics made by others must stamp as ours do, or agents choose the time of their intents. */
async function checkStamps(admin: Admin, { names, onClientLog }: TopicSetup): Promise<void> {
  const configNames = ['message.timestamp.type', 'compression.type', 'cleanup.policy'];
  const resources = names.all.map((name) => {
    return { type: ConfigResourceTypes.TOPIC, name, configNames };
  });
  const described = await admin
    .describeConfigs({ includeSynonyms: false, resources })
    .catch((error: unknown) => {
      if (typeOf(error) !== 'TOPIC_AUTHORIZATION_FAILED') throw error;
      const message =
        'the settings of the topics cannot be checked: DescribeConfigs is not allowed';
      onClientLog?.({ level: 'warn', message, details: {} });
      return { resources: [] };
    });
  for (const { resourceName, configEntries } of described.resources) {
    const topic = names.topicOf(resourceName);
    const setting = (name: string) =>
      configEntries.find(({ configName }) => configName === name)?.configValue;
    const stamps = setting('message.timestamp.type');
    if (stamps !== undefined && stamps !== 'LogAppendTime') {
      const text = `${resourceName} has message.timestamp.type=${stamps}, LogAppendTime is needed`;
      throw new EstopError('config-invalid', text);
    }
    const cleanup = setting('cleanup.policy');
    if (topic !== undefined && cleanup !== undefined && cleanup !== TOPICS[topic].cleanup) {
      const text = `${resourceName} has cleanup.policy=${cleanup}, not ${TOPICS[topic].cleanup}`;
      throw new EstopError('config-invalid', text);
    }
    if (setting('compression.type') === 'uncompressed') continue;
    const message = `${resourceName} should have compression.type=uncompressed`;
    onClientLog?.({ level: 'warn', message, details: {} });
  }
}

function missingTopics(names: readonly string[]): EstopError {
  return new EstopError('config-invalid', `topics are missing: ${names.join(', ')}`);
}

function typeOf(error: unknown): string {
  return error instanceof Error && 'type' in error ? String(error.type) : '';
}
