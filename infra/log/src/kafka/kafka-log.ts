/** The log on Kafka: the port's promises on the protocol's own terms. See README, `kafka`. */
import { join } from 'node:path';
import { type Clock, systemClock } from '@estop/runtime/clock';
import type { Codec } from '@estop/schemas/codec';
import { EstopError } from '@estop/schemas/errors';
import { invariant } from '@estop/schemas/invariant';
import type { MessageOf } from '@estop/schemas/message-of';
import { partitionCountOf, type Topic } from '@estop/schemas/topics';
import { Kafka } from 'kafkajs';
import type Cluster from 'kafkajs/src/cluster/index.js';
import { appendInSteps } from '../append-steps.ts';
import { createLinker, type Linker } from '../link.ts';
import { OpenHandles } from '../open-handles.ts';
import type {
  Appended,
  AppendSteps,
  Batch,
  EventLog,
  Follower,
  FollowOptions,
  GroupOptions,
  HeadBatch,
  Membership,
  NewRecord,
  PartitionLag,
  ReadResult,
  StoredRecord,
} from '../port.ts';
import {
  type ClientConfig,
  closeCluster,
  connectCluster,
  kafkaConfig,
  unavailable,
} from './client.ts';
import { readIdentity } from './cluster-identity.ts';
import { KafkaAppender } from './kafka-appender.ts';
import { followPartitions } from './kafka-follower.ts';
import { joinGroup } from './kafka-group.ts';
import { openMemberNote } from './member-note.ts';
import { type NamedPlace, Reader } from './reader.ts';
import { fixedSchemas, registeredSchemas, type Schemas } from './registry.ts';
import { ALL_TOPICS, partitionNumbers, type TopicNames, topicNames } from './topic-names.ts';
import { type AclStyle, ensureAcls, ensureTopics } from './topic-setup.ts';
import { speaks } from './wire-requests.ts';

const SESSION_TIMEOUT_MS = 10_000;

export interface KafkaLogConfig extends ClientConfig {
  /** Partitions of every agent-keyed topic. */
  readonly partitions: number;
  /** Of topics that are created; default three, or as many as there are brokers. */
  readonly replicationFactor?: number;
  /** Confluent-compatible registry; user and password may stand in the address. */
  readonly registryUrl?: string;
  /** Key of the proof that a record was written by this deployment. */
  readonly linkKey: Buffer;
  /** False: the topics were made before, by a command with the rights to do so. */
  readonly createTopics: boolean;
  /** Access rights to make so that nobody deletes or alters the audit topic; default none. */
  readonly auditAcls?: 'none' | AclStyle;
  /** A member of a group that was silent for so long has lost its partitions; default 10 s. */
  readonly sessionTimeoutMs?: number;
  /** Where a member notes its id, so that after a kill the next one need not wait so long. */
  readonly notesFolder?: string;
  /** Stands before every topic's and subject's name on the cluster. */
  readonly topicPrefix?: string;
  readonly clock?: Clock;
}

/**
 * Connects, checks or makes the topics, registers the schemas. Throws `config-invalid`,
 * `log-unavailable`, `schema-incompatible` or `registry-unavailable`.
 */
export async function openKafkaLog(config: KafkaLogConfig): Promise<EventLog> {
  const { clock = systemClock, registryUrl, topicPrefix = '' } = config;
  const names = topicNames(topicPrefix);
  await prepareTopics(config, names);
  const schemas =
    registryUrl === undefined ? fixedSchemas() : await registeredSchemas(registryUrl, names, clock);
  const [shared, writing] = await connectBoth(config, names);
  try {
    const broker = await shared.brokerPool.findConnectedBroker();
    if (!speaks(broker)) throw new EstopError('config-invalid', 'Kafka 2.8 or later is needed');
    const id = `kafka/${await readIdentity(broker, names.of('audit.v1'))}`;
    return new KafkaLog({ config, names, schemas, shared, writing, clock, id });
  } catch (error) {
    await Promise.all([closeCluster(shared), closeCluster(writing)]);
    throw unavailable('Kafka cannot be asked', error);
  }
}

async function prepareTopics(config: KafkaLogConfig, names: TopicNames): Promise<void> {
  const admin = new Kafka(kafkaConfig(config)).admin();
  try {
    await admin.connect();
    await ensureTopics(admin, { ...config, names });
    const { auditAcls = 'none' } = config;
    if (auditAcls !== 'none') await ensureAcls(admin, { names, style: auditAcls });
  } catch (error) {
    throw unavailable('the topics cannot be checked', error);
  } finally {
    await admin.disconnect();
  }
}

/** One set of connections for short questions, one for writing. */
async function connectBoth(
  config: KafkaLogConfig,
  names: TopicNames,
): Promise<readonly [Cluster, Cluster]> {
  const shared = await connectCluster(config, names);
  try {
    return [shared, await connectCluster(config, names)];
  } catch (error) {
    await closeCluster(shared);
    throw error;
  }
}

interface Parts {
  readonly config: KafkaLogConfig;
  readonly names: TopicNames;
  readonly schemas: Schemas;
  readonly shared: Cluster;
  readonly writing: Cluster;
  readonly clock: Clock;
  readonly id: string;
}

class KafkaLog implements EventLog {
  readonly kind = 'kafka';
  readonly id: string;
  readonly partitions: number;
  readonly #parts: Parts;
  readonly #linker: Linker;
  readonly #appender: KafkaAppender;
  readonly #reader: Reader;
  readonly #control = new AbortController();
  readonly #open = new OpenHandles();
  #closed: Promise<void> | null = null;

  constructor(parts: Parts) {
    const { config, clock } = parts;
    this.id = parts.id;
    this.partitions = config.partitions;
    this.#parts = parts;
    this.#linker = createLinker(config.linkKey);
    const { signal } = this.#control;
    this.#reader = new Reader(parts.shared, parts.names, { clock, signal });
    this.#appender = new KafkaAppender({
      cluster: parts.writing,
      linker: this.#linker,
      clock,
      onAppended: (place, end) => this.#reader.saw(place, end),
    });
  }

  codec<T extends Topic>(topic: T): Codec<MessageOf[T]> {
    const codec = this.#parts.schemas.codecByTopic.get(topic);
    invariant(codec !== undefined, 'every topic has a codec');
    return codec as Codec<MessageOf[T]>;
  }

  learnSchemas(records: readonly StoredRecord[]): Promise<void> {
    return this.#parts.schemas.learn(records);
  }

  append(topic: Topic, partition: number, records: readonly NewRecord[]): Promise<Appended> {
    return this.#appender.append(this.#place(topic, partition), records);
  }

  publish(topic: Topic, partition: number, record: NewRecord): Promise<Appended> {
    return this.#appender.publish(this.#place(topic, partition), record);
  }

  appendAt(head: HeadBatch, rest: readonly Batch[]): AppendSteps {
    return appendInSteps(this, head, rest);
  }

  timeMs(): null {
    return null;
  }

  async startOffset(topic: Topic, partition: number): Promise<number> {
    this.#refuseClosed();
    return this.#reader.startOffset(this.#place(topic, partition));
  }

  async endOffset(topic: Topic, partition: number): Promise<number> {
    this.#refuseClosed();
    return this.#reader.endOffset(this.#place(topic, partition));
  }

  async read(
    topic: Topic,
    partition: number,
    options: { readonly fromOffset: number; readonly maxRecords: number },
  ): Promise<ReadResult> {
    this.#refuseClosed();
    return this.#reader.read(this.#place(topic, partition), options);
  }

  async follow(options: FollowOptions): Promise<Follower> {
    this.#refuseClosed();
    const { config, names, clock } = this.#parts;
    const cluster = await connectCluster(config, names);
    try {
      const context = { cluster, reader: this.#reader, names, clock };
      return this.#open.keep(await followPartitions(context, options));
    } catch (error) {
      await closeCluster(cluster);
      throw error;
    }
  }

  async join(options: GroupOptions): Promise<Membership> {
    this.#refuseClosed();
    const { config, names, shared, clock } = this.#parts;
    const { partitions, onClientLog, sessionTimeoutMs = SESSION_TIMEOUT_MS, notesFolder } = config;
    const cluster = await connectCluster(config, names);
    const reader = this.#reader;
    const folder = notesFolder === undefined ? null : join(notesFolder, options.group);
    const note = folder === null ? null : await openMemberNote(folder, onClientLog);
    const settings = { partitions, clock, onClientLog, sessionTimeoutMs, note };
    return this.#open.keep(joinGroup({ cluster, shared, reader, names, ...settings }, options));
  }

  isLinked(record: StoredRecord): boolean {
    return this.#linker.isLinked(record);
  }

  async lag(group: string): Promise<readonly PartitionLag[]> {
    this.#refuseClosed();
    const committed = await this.#reader.persist(() => this.#committedOffsets(group));
    const ends = await this.#reader.offsets(committed, 'end');
    return committed.map((place, index) => ({ ...place, endOffset: ends[index] ?? 0 }));
  }

  async #committedOffsets(group: string): Promise<readonly Omit<PartitionLag, 'endOffset'>[]> {
    const { shared, names } = this.#parts;
    const topics = ALL_TOPICS.map((topic) => {
      const numbers = partitionNumbers(topic, this.partitions);
      return { topic: names.of(topic), partitions: numbers.map((partition) => ({ partition })) };
    });
    const broker = await shared.findGroupCoordinator({ groupId: group });
    const { responses } = await broker.offsetFetch({ groupId: group, topics });
    return responses.flatMap(({ topic: name, partitions }) => {
      const topic = names.topicOf(name);
      if (topic === undefined) return [];
      return partitions
        .map(({ partition, offset }) => ({ topic, partition, committedOffset: Number(offset) }))
        .filter(({ committedOffset }) => committedOffset >= 0);
    });
  }

  /** Every partition has a leader, and as many replicas in sync as a write needs. */
  async ping(): Promise<void> {
    this.#refuseClosed();
    const { shared, names } = this.#parts;
    try {
      const broker = await shared.brokerPool.findConnectedBroker();
      const { topicMetadata } = await broker.metadata(names.all);
      for (const { topic, partitionMetadata } of topicMetadata) {
        for (const { partitionId, leader, isr, replicas } of partitionMetadata) {
          if (leader >= 0 && (replicas.length < 3 || isr.length >= 2)) continue;
          throw new Error(`${topic}/${partitionId} has ${isr.length} replicas in sync`);
        }
      }
    } catch (error) {
      throw unavailable('Kafka cannot be written', error);
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await this.#open.closeAll();
    await this.#appender.close();
    this.#control.abort();
    const { shared, writing } = this.#parts;
    await Promise.all([closeCluster(shared), closeCluster(writing)]);
  }

  #refuseClosed(): void {
    if (this.#closed !== null) throw new EstopError('log-closed', 'the log is closed');
  }

  #place(topic: Topic, partition: number): NamedPlace {
    const count = partitionCountOf(topic, this.partitions);
    invariant(partition >= 0 && partition < count, `${topic} has a partition ${partition}`);
    return { topic, name: this.#parts.names.of(topic), partition };
  }
}
