/** What it takes to open the log on Kafka, and the settings of kafkajs with their reasons. */
import type { ConnectionOptions } from 'node:tls';
import type { Clock } from '@estop/runtime/clock';
import type { Topic } from '@estop/schemas/topics';
import type { KafkaConfig, SASLOptions } from 'kafkajs';
import { createLogCreator, KAFKA_LOG_LEVEL, type OnKafkaLog } from './kafka-logging.ts';

export interface KafkaConnection {
  /** `host:port` of brokers to start from. */
  readonly brokers: readonly string[];
  /** Names the program in the broker's log and quotas. */
  readonly clientId: string;
  readonly sasl?: SASLOptions;
  /** True, or what TLS is to use: certificate authority, own certificate, own key. */
  readonly ssl?: true | ConnectionOptions;
  /** Gets what kafkajs logs, without its known noise; default: nobody. */
  readonly onLog?: OnKafkaLog;
}

export interface TopicLayout {
  /** Partitions of every agent-keyed topic. */
  readonly partitions: number;
  /** Default: 3, or as many as there are brokers. */
  readonly replicationFactor?: number;
  /** In front of every topic and group, so that deployments can share a cluster; default none. */
  readonly prefix?: string;
}

export interface KafkaLogConfig extends KafkaConnection, TopicLayout {
  /** Confluent-compatible schema registry; without it ids are fingerprints (schema-ids.ts). */
  readonly registry?: RegistryConfig;
  /** Key of the HMAC that proves the writers of records. */
  readonly linkKey: Buffer;
  /** Creates what is missing; otherwise topics are expected to be there. */
  readonly createTopics: boolean;
  readonly clock: Clock;
}

export interface RegistryConfig {
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
}

export const TIMEOUTS = {
  /** kafkajs gives 1 s, too little for a TLS handshake with a busy broker. */
  connectMs: 5_000,
  /**
   * After this a connection counts as broken. Long enough for a broker to sync with its followers,
   * short enough to notice one that has frozen.
   */
  requestMs: 10_000,
  authenticateMs: 10_000,
  /** Before a SASL session ends, by so much it is renewed. */
  reauthenticateMs: 10_000,
} as const;

/**
 * kafkajs waits up to 30 s between retries and multiplies retriers inside retriers. Here the inner
 * ones give up soon, and the loops of this adapter decide what is tried again until when.
 */
export const INNER_RETRY = {
  initialRetryTime: 50,
  maxRetryTime: 500,
  factor: 0.2,
  multiplier: 2,
  retries: 2,
} as const;

/** Leaders are also looked up when a broker answers that it is none; this only bounds idle age. */
export const METADATA_MAX_AGE_MS = 60_000;

/** The configuration of kafkajs's public client, for administration. */
export function kafkaClientConfig(connection: KafkaConnection): KafkaConfig {
  const { brokers, clientId, sasl, ssl, onLog } = connection;
  return {
    brokers: [...brokers],
    clientId,
    ...(sasl === undefined ? {} : { sasl }),
    ...(ssl === undefined ? {} : { ssl }),
    connectionTimeout: TIMEOUTS.connectMs,
    authenticationTimeout: TIMEOUTS.authenticateMs,
    requestTimeout: TIMEOUTS.requestMs,
    enforceRequestTimeout: true,
    // A new cluster loads its coordinators first; that takes longer than the inner retries.
    retry: { ...INNER_RETRY, retries: 8 },
    logLevel: KAFKA_LOG_LEVEL,
    logCreator: createLogCreator(onLog),
  };
}

/** The name in Kafka. */
export function wireTopic(topic: Topic, { prefix = '' }: Pick<TopicLayout, 'prefix'>): string {
  return `${prefix}${topic}`;
}
