/// <reference path="./kafkajs-internals.d.ts" />
/**
 * Connections to a cluster. A broker answers the requests of one connection one after the other, so
 * whoever asks something that takes long (a fetch that waits, joining a group) has its own
 * `Cluster`; writing and short questions share one each.
 */
import type { ConnectionOptions } from 'node:tls';
import { EstopError, messageOf } from '@estop/schemas/errors';
import { type KafkaConfig, type logCreator, logLevel, type SASLOptions } from 'kafkajs';
import Cluster, { type Broker } from 'kafkajs/src/cluster/index.js';
import loggers from 'kafkajs/src/loggers/index.js';
import socketFactory from 'kafkajs/src/network/socketFactory.js';
import { repairKafkajs } from './kafkajs-repairs.ts';
import type { TopicNames } from './topic-names.ts';

repairKafkajs();

const CONNECTION_TIMEOUT_MS = 3_000;
const AUTHENTICATION_TIMEOUT_MS = 10_000;
const REAUTHENTICATION_MS = 10_000;
/** A broker that answers nothing for this long counts as gone. */
export const REQUEST_TIMEOUT_MS = 10_000;
/** More than the library's own limit, which has the first word. */
const GUARD_MS = 2_000;
const METADATA_AGE_MS = 300_000;
const RETRY = { retries: 4, initialRetryTime: 50, maxRetryTime: 1_000 };

export interface ClientLog {
  readonly level: 'error' | 'warn' | 'info';
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface ClientConfig {
  /** `host:port` of some brokers; the rest are found through them. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly sasl?: SASLOptions;
  readonly ssl?: boolean | ConnectionOptions;
  /** Gets what the client library and this adapter have to say. */
  readonly onClientLog?: (log: ClientLog) => void;
}

/** Settings for the public client of kafkajs. */
export function kafkaConfig(config: ClientConfig): KafkaConfig {
  return {
    brokers: [...config.brokers],
    clientId: config.clientId,
    ...(config.sasl === undefined ? {} : { sasl: ownCopy(config.sasl) }),
    ...(config.ssl === undefined ? {} : { ssl: config.ssl }),
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    retry: RETRY,
    logLevel: logLevel.WARN,
    logCreator: logCreatorOf(config),
  };
}

/**
 * kafkajs hangs its authenticator, made for one password, on the object: whoever copied that later
 * with another password would go on with the old one.
 */
function ownCopy(sasl: SASLOptions): SASLOptions {
  return { ...sasl };
}

/** Connects and learns who leads which partition; throws `log-unavailable`. */
export async function connectCluster(config: ClientConfig, names: TopicNames): Promise<Cluster> {
  const cluster = new Cluster({
    logger: loggers.createLogger({ level: logLevel.WARN, logCreator: logCreatorOf(config) }),
    socketFactory: socketFactory(),
    brokers: config.brokers,
    ssl: config.ssl,
    sasl: config.sasl && ownCopy(config.sasl),
    clientId: config.clientId,
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    authenticationTimeout: AUTHENTICATION_TIMEOUT_MS,
    reauthenticationThreshold: REAUTHENTICATION_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    enforceRequestTimeout: true,
    metadataMaxAge: METADATA_AGE_MS,
    retry: RETRY,
    allowAutoTopicCreation: false,
    maxInFlightRequests: null,
    isolationLevel: 0,
  });
  try {
    await cluster.connect();
    await cluster.addMultipleTargetTopics(names.all);
    return cluster;
  } catch (error) {
    await closeCluster(cluster);
    throw unavailable('Kafka cannot be reached', error);
  }
}

/** Closes every connection now: who still waits for an answer gets an error. */
export async function closeCluster(cluster: Cluster): Promise<void> {
  const { seedBroker, brokers } = cluster.brokerPool;
  const all = new Set([...(seedBroker ? [seedBroker] : []), ...Object.values(brokers)]);
  for (const broker of all) abandonRequests(broker);
  await cluster.disconnect();
}

function abandonRequests(broker: Broker): void {
  for (const connection of broker.connectionPool.pool) {
    connection.rejectRequests(new EstopError('log-closed', 'the connection is closed'));
  }
}

/**
 * Waits for a broker's answer, but not for ever: kafkajs forgets the time limits of requests whose
 * connection is closing, and keeps a connection on which a request timed out. Here it is cut, so
 * that all that wait on it fail, and the next request makes a new one.
 */
export async function answered<Answer>(
  broker: Broker,
  call: Promise<Answer>,
  limitMs = REQUEST_TIMEOUT_MS + GUARD_MS,
): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new NoAnswerError(broker.nodeId, limitMs)), limitMs);
  });
  try {
    return await Promise.race([call, late]);
  } catch (error) {
    if (error instanceof Error && isTimeout(error)) cut(broker, error);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';

  constructor(nodeId: number, limitMs: number) {
    super(`broker ${nodeId} has not answered within ${limitMs} ms`);
  }
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

/** The broker that leads a partition, connected. */
export async function leaderOf(
  cluster: Cluster,
  name: string,
  partition: number,
): Promise<{ readonly nodeId: number; readonly broker: Broker }> {
  const nodeId = leaderIdOf(cluster, name, partition);
  if (nodeId === undefined) throw new Error(`nobody leads ${name}/${partition}`);
  return { nodeId, broker: await cluster.findBroker({ nodeId }) };
}

/** By what is known now; undefined while nobody leads the partition. */
export function leaderIdOf(cluster: Cluster, name: string, partition: number): number | undefined {
  try {
    const found = cluster
      .findTopicPartitionMetadata(name)
      .find(({ partitionId }) => partitionId === partition);
    return found === undefined || found.leader < 0 ? undefined : found.leader;
  } catch {
    // Thrown before anything is known.
    return undefined;
  }
}

/** Asks who leads what now. Failing changes nothing: who needs it tries again. */
export async function refreshLeaders(cluster: Cluster): Promise<void> {
  try {
    // After all brokers were gone kafkajs forgets even the first ones until it connects anew.
    await cluster.connect();
    await cluster.refreshMetadata();
  } catch {
    // Its causes were logged.
  }
}

export function unavailable(what: string, cause: unknown): EstopError {
  if (cause instanceof EstopError) return cause;
  return new EstopError('log-unavailable', `${what}: ${messageOf(cause)}`, { cause });
}

/**
 * Normal on a cluster that starts, elects or rebalances, though kafkajs logs each as an error: it is
 * tried again, and what does not pass shows as the error of an append or a probe.
 */
const EXPECTED = [
  /coordinator is (loading|not available)|not the correct coordinator/i,
  /group is rebalancing/i,
  /not the leader for that topic-partition|no leader for this topic-partition/i,
  /does not host this topic-partition/i,
  /Specified group generation id is not valid|coordinator is not aware of this member/i,
  /^Response without match/,
];

function logCreatorOf(config: ClientConfig): logCreator {
  return () => (entry) => {
    const { message, timestamp: _timestamp, logger: _logger, ...details } = entry.log;
    const text = `${message} ${String(details['error'] ?? '')}`;
    if (EXPECTED.some((pattern) => pattern.test(text))) return;
    const level = entry.level === logLevel.ERROR ? 'error' : 'warn';
    config.onClientLog?.({ level, message, details: { ...details, namespace: entry.namespace } });
  };
}
