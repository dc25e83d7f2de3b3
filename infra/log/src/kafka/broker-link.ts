/**
 * Connections to the brokers of one cluster: kafkajs finds brokers, logs in and keeps sockets, this
 * sends to the leader of a partition and drops a connection that does not answer.
 *
 * Below kafkajs's public interface, because that one cannot read a partition at an offset without
 * joining a group, cannot tell which partition of a request failed, and after a failed idempotent
 * send gives the next one the same sequence numbers: if the first did arrive, the broker takes the
 * second for its double, acknowledges it with the old offset, and the records are lost.
 */
import { EstopError } from '@estop/schemas/errors';
import { partitionCountOf, type Topic } from '@estop/schemas/topics';
import Cluster, { type Broker, type PartitionMetadata, type Protocol } from 'kafkajs/src/cluster/index.js';
import loggers from 'kafkajs/src/loggers/index.js';
import RequestQueue from 'kafkajs/src/network/requestQueue/index.js';
import socketFactory from 'kafkajs/src/network/socketFactory.js';
import { asUnavailable, brokerError, brokerErrorType } from './broker-errors.ts';
import {
  INNER_RETRY,
  type KafkaConnection,
  METADATA_MAX_AGE_MS,
  TIMEOUTS,
  type TopicLayout,
  wireTopic,
} from './kafka-config.ts';
import { createLogCreator, KAFKA_LOG_LEVEL } from './kafka-logging.ts';

/// <reference path="./kafkajs-internals.d.ts" />

/** kafkajs's own limit has the first word; this one catches requests that it forgot. */
const GUARD_MS = TIMEOUTS.requestMs + 2_000;
const READ_UNCOMMITTED = 0;
/** Refreshes on errors of many partitions at once become one. */
const REFRESH_PAUSE_MS = 100;

stopIdleTimers();

export class BrokerLink {
  readonly #cluster: Cluster;
  readonly #layout: TopicLayout;
  readonly #topics = new Map<Topic, Promise<void>>();
  #refreshing: Promise<void> | null = null;
  #refreshedAtMs = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(connection: KafkaConnection, layout: TopicLayout) {
    this.#layout = layout;
    this.#cluster = createCluster(connection);
  }

  /** Reaches a broker and logs in; throws `log-unavailable`. */
  async connect(): Promise<void> {
    try {
      await guarded(this.#cluster.connect(), 'connecting');
    } catch (error) {
      throw asUnavailable(error, 'no broker can be reached');
    }
  }

  /** Waits for what is under way: end long polls first. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await guarded(this.#cluster.disconnect(), 'disconnecting').catch(() => undefined);
  }

  /** The node that leads the partition; the topic is looked up when it is first named. */
  async leaderOf(topic: Topic, partition: number): Promise<number> {
    await this.#useTopic(topic);
    const leader = this.#partitionsOf(topic).find(({ partitionId }) => partitionId === partition);
    if (leader === undefined || leader.leader < 0) throw brokerError(5);
    return leader.leader;
  }

  /** Partitions of a topic with their replicas, asked anew. */
  async describe(topic: Topic): Promise<readonly PartitionMetadata[]> {
    const name = wireTopic(topic, this.#layout);
    const broker = await guarded(this.#cluster.brokerPool.findConnectedBroker(), 'connecting');
    const answer = await this.#guard(broker, broker.metadata([name]));
    return answer.topicMetadata[0]?.partitionMetadata ?? [];
  }

  async send<Answer>(nodeId: number, protocol: Protocol<Answer>): Promise<Answer> {
    const broker = await this.broker(nodeId);
    return this.#guard(broker, broker.connectionPool.send(protocol));
  }

  /** Calls one of kafkajs's own requests on a node. */
  async ask<Answer>(nodeId: number, call: (broker: Broker) => Promise<Answer>): Promise<Answer> {
    const broker = await this.broker(nodeId);
    return this.#guard(broker, call(broker));
  }

  async broker(nodeId: number): Promise<Broker> {
    if (this.#isClosed) throw new EstopError('log-closed', 'the log is closed');
    return guarded(this.#cluster.findBroker({ nodeId }), `connecting to broker ${nodeId}`);
  }

  async coordinator(groupId: string): Promise<Broker> {
    if (this.#isClosed) throw new EstopError('log-closed', 'the log is closed');
    return guarded(this.#cluster.findGroupCoordinator({ groupId }), 'finding the coordinator');
  }

  /** Asks with a limit of its own: joining a group waits for the other members. */
  async askWithin<Answer>(
    broker: Broker,
    call: Promise<Answer>,
    limitMs: number,
  ): Promise<Answer> {
    return this.#guard(broker, call, limitMs);
  }

  /** A new identity for an idempotent writer. */
  async newProducer(): Promise<{ readonly producerId: bigint; readonly epoch: number }> {
    const broker = await guarded(this.#cluster.brokerPool.findConnectedBroker(), 'connecting');
    const call = broker.initProducerId({ transactionTimeout: GUARD_MS });
    const { producerId, producerEpoch } = await this.#guard(broker, call);
    return { producerId: BigInt(producerId), epoch: producerEpoch };
  }

  /** Looks up leaders anew, once for all who ask at the same time. */
  refresh(): Promise<void> {
    if (this.#refreshing !== null) return this.#refreshing;
    if (performance.now() - this.#refreshedAtMs < REFRESH_PAUSE_MS) return Promise.resolve();
    const refreshing = guarded(this.#cluster.refreshMetadata(), 'looking up leaders');
    this.#refreshing = refreshing.finally(() => {
      this.#refreshing = null;
      this.#refreshedAtMs = performance.now();
    });
    return this.#refreshing;
  }

  /** Topics are looked up when they are used: a service may not describe those of others. */
  #useTopic(topic: Topic): Promise<void> {
    let used = this.#topics.get(topic);
    if (used === undefined) {
      used = this.#lookUp(topic);
      this.#topics.set(topic, used);
      used.catch(() => this.#topics.delete(topic));
    }
    return used;
  }

  async #lookUp(topic: Topic): Promise<void> {
    const name = wireTopic(topic, this.#layout);
    try {
      await guarded(this.#cluster.addTargetTopic(name), `looking up ${name}`);
    } catch (error) {
      if (brokerErrorType(error) !== 'UNKNOWN_TOPIC_OR_PARTITION') throw error;
      throw new EstopError('config-invalid', `topic ${name} does not exist; run \`estop setup\``);
    }
    const expected = partitionCountOf(topic, this.#layout.partitions);
    refuseOtherCount(name, this.#partitionsOf(topic).length, expected);
  }

  #partitionsOf(topic: Topic): readonly PartitionMetadata[] {
    return this.#cluster.findTopicPartitionMetadata(wireTopic(topic, this.#layout));
  }

  /**
   * kafkajs forgets the time limits of requests whose connection ends, and after a request that
   * timed out it keeps the connection. Here such a connection is cut, so that everything that waits
   * on it fails and the next request makes a new one.
   */
  async #guard<Answer>(broker: Broker, call: Promise<Answer>, limitMs = GUARD_MS): Promise<Answer> {
    try {
      return await guarded(call, `broker ${broker.nodeId}`, limitMs);
    } catch (error) {
      if (error instanceof Error && isTimeout(error)) cut(broker, error);
      throw error;
    }
  }
}

/** Throws `config-invalid` naming both counts. */
export function refuseOtherCount(name: string, actual: number, expected: number): void {
  if (actual === expected) return;
  const text = `topic ${name} has ${actual} partitions, ESTOP_PARTITIONS asks for ${expected}`;
  throw new EstopError('config-invalid', `${text}: their number is fixed when topics are created`);
}

class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
}

function isTimeout(error: Error): boolean {
  return error instanceof NoAnswerError || error.name === 'KafkaJSRequestTimeoutError';
}

function cut(broker: Broker, error: Error): void {
  for (const connection of broker.connectionPool.pool) {
    connection.rejectRequests(error);
    connection.disconnect().catch(() => undefined);
    connection.socket?.destroy();
  }
}

async function guarded<Value>(
  call: Promise<Value>,
  doing: string,
  limitMs = GUARD_MS,
): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const text = `${doing}: no answer within ${limitMs} ms`;
    timer = setTimeout(() => reject(new NoAnswerError(text)), limitMs);
  });
  try {
    return await Promise.race([call, late]);
  } finally {
    clearTimeout(timer);
  }
}

function createCluster({ brokers, clientId, sasl, ssl, onLog }: KafkaConnection): Cluster {
  return new Cluster({
    logger: loggers.createLogger({ level: KAFKA_LOG_LEVEL, logCreator: createLogCreator(onLog) }),
    socketFactory: socketFactory(),
    brokers,
    clientId,
    sasl,
    ssl: ssl === true ? {} : ssl,
    connectionTimeout: TIMEOUTS.connectMs,
    authenticationTimeout: TIMEOUTS.authenticateMs,
    reauthenticationThreshold: TIMEOUTS.reauthenticateMs,
    requestTimeout: TIMEOUTS.requestMs,
    enforceRequestTimeout: true,
    metadataMaxAge: METADATA_MAX_AGE_MS,
    retry: INNER_RETRY,
    // A misspelt topic must fail, not come into being with the broker's defaults.
    allowAutoTopicCreation: false,
    // Bounded by the callers: two appends per broker, one long poll per connection.
    maxInFlightRequests: null,
    // estop writes no transactions. Reading only what is committed would let any writer stop a
    // partition with a transaction that it never ends, and kafkajs's filter lets aborted ones pass.
    isolationLevel: READ_UNCOMMITTED,
  });
}

/**
 * kafkajs 2.2.4 arms a timer of about 1 ms for ever on each connection (its issues 1704 and 1751:
 * load when idle, a TimeoutNegativeWarning from Node 24 on). It is only needed when requests wait.
 */
function stopIdleTimers(): void {
  const { prototype } = RequestQueue;
  const schedule = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function scheduleWhenNeeded(this: RequestQueue) {
    if (this.pending.length > 0) schedule.call(this);
  };
}
