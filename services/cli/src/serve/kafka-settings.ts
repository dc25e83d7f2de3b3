/** From the environment to the settings of the log on Kafka. */
import { join } from 'node:path';
import type { KafkaLogConfig } from '@estop/log/kafka/kafka-log';
import { systemClock } from '@estop/runtime/clock';
import { type Config, readConfig } from '@estop/runtime/config';
import { LOG_VARIABLES } from '@estop/runtime/variables';
import type { Context } from '../context.ts';
import { createClientLog } from './client-log.ts';
import type { OpenOptions } from './open-options.ts';
import { ensureLinkKey } from './secret-file.ts';

const VARIABLES = [
  ...LOG_VARIABLES,
  'KAFKA_REPLICATION',
  'KAFKA_AUDIT_ACLS',
  'KAFKA_SESSION_TIMEOUT_MS',
] as const;
type Variables = Config<(typeof VARIABLES)[number]>;

/** The settings, or null when the environment names no brokers. Throws `config-invalid`. */
export function kafkaSettings(
  context: Context,
  { createTopics, isSetup = false, logger }: OpenOptions,
): KafkaLogConfig | null {
  const variables = readConfig(VARIABLES, context.io.env);
  const { KAFKA_BROKERS: brokers } = variables;
  if (brokers === null) return null;
  const linkKey = variables.ESTOP_LINK_KEY ?? ensureLinkKey(context.data);
  const { KAFKA_REPLICATION: replicationFactor } = variables;
  return {
    brokers,
    clientId: 'estop',
    partitions: variables.ESTOP_PARTITIONS,
    sessionTimeoutMs: variables.KAFKA_SESSION_TIMEOUT_MS,
    notesFolder: join(context.data.path, 'groups'),
    linkKey: Buffer.from(linkKey, 'utf8'),
    createTopics,
    ...(isSetup ? aclsOf(variables) : {}),
    clock: systemClock,
    ...(logger === undefined ? {} : { onClientLog: createClientLog(logger, systemClock) }),
    ...(replicationFactor === null ? {} : { replicationFactor }),
    ...saslOf(variables),
    ...sslOf(variables),
    ...registryOf(variables),
  };
}

function aclsOf({ KAFKA_AUDIT_ACLS: style }: Variables): Pick<KafkaLogConfig, 'auditAcls'> {
  return style === 'closed' || style === 'open' ? { auditAcls: style } : {};
}

function saslOf(variables: Variables): Pick<KafkaLogConfig, 'sasl'> {
  const { KAFKA_SASL_MECHANISM: mechanism } = variables;
  const { KAFKA_SASL_USERNAME: username, KAFKA_SASL_PASSWORD: password } = variables;
  if (mechanism === null || username === null || password === null) return {};
  // kafkajs tells its options apart by the mechanism, so each one is spelled out.
  switch (mechanism) {
    case 'plain':
      return { sasl: { mechanism, username, password } };
    case 'scram-sha-256':
      return { sasl: { mechanism, username, password } };
    case 'scram-sha-512':
      return { sasl: { mechanism, username, password } };
  }
}

function sslOf(variables: Variables): Pick<KafkaLogConfig, 'ssl'> {
  const { KAFKA_SSL: isOn, KAFKA_SSL_CA: ca } = variables;
  const { KAFKA_SSL_CERT: cert, KAFKA_SSL_KEY: key } = variables;
  if (ca === null && cert === null) return isOn ? { ssl: true } : {};
  return {
    ssl: {
      ...(ca === null ? {} : { ca }),
      ...(cert === null || key === null ? {} : { cert, key }),
    },
  };
}

/** User and password travel in the address: the client of the registry takes them from there. */
function registryOf(variables: Variables): Pick<KafkaLogConfig, 'registryUrl'> {
  const { SCHEMA_REGISTRY_URL: address } = variables;
  const { SCHEMA_REGISTRY_USERNAME: username, SCHEMA_REGISTRY_PASSWORD: password } = variables;
  if (address === null) return {};
  if (username === null || password === null) return { registryUrl: address };
  const url = new URL(address);
  url.username = encodeURIComponent(username);
  url.password = encodeURIComponent(password);
  return { registryUrl: url.href.replace(/\/+$/, '') };
}
