/**
 * Every environment variable of estop, once. A service names those that it reads in its topology;
 * the README's table, the compose file and these rows are held together by tests.
 */
import { choice, flag, integer, list, secret, text, url } from './environment.ts';
import { LOG_LEVELS } from './logger.ts';

/** An API key: its credential id and 32 bytes (see the gateway's authentication). */
const API_KEY = /^estop_[a-z0-9]{12}_[A-Za-z0-9_-]{43}$/;

export const VARIABLES = {
  ESTOP_PORT: integer({
    summary: 'port to listen on; 0 takes a free one',
    min: 0,
    max: 65_535,
    fallback: 7070,
  }),
  ESTOP_HOST: text({
    summary: 'address to listen on',
    form: 'a host name or address without spaces, such as `0.0.0.0`',
    pattern: /^[\w.:-]+$/,
    fallback: '127.0.0.1',
  }),
  ESTOP_DATA: text({
    summary:
      'folder of the embedded log, the operator key, and on Kafka the place of the policy in its group',
    form: 'a path',
    fallback: '.estop',
  }),
  ESTOP_DISK_RESERVE_MIB: integer({
    summary: 'so much of the disk stays free: below, the embedded log refuses, and agents get 503',
    min: 1,
    max: 1_000_000_000,
    fallback: 64,
  }),
  ESTOP_FLEET: text({
    summary:
      'fleet folder to apply at the start when the log holds none; without it, the starter fleet',
    form: 'a path',
    fallback: null,
  }),
  ESTOP_LOG_LEVEL: choice({
    summary: 'what is logged, on stderr, as JSON lines',
    words: LOG_LEVELS,
    fallback: 'info',
  }),
  ESTOP_PARTITIONS: integer({
    summary: 'partitions of agent-keyed topics; counts only when the topics are made',
    min: 1,
    max: 1024,
    fallback: 12,
  }),
  ESTOP_LINK_KEY: secret({
    summary:
      'records on Kafka prove their writer with it; the same for all services; without it, `<data>/link.key`',
    form: '32 to 512 characters without spaces',
    pattern: /^\S{32,512}$/,
  }),
  ESTOP_PEERS: list({
    summary:
      'the other gateways, which are told of halts directly, whether or not Kafka works; on Kafka only',
    form: '`http://host:port`, more of them with commas between',
    item: /^https?:\/\/[^\s/,@]+\/?$/,
  }),
  ESTOP_OPERATOR_KEY: secret({
    summary: 'API key of the built-in person `operator@local`; without it, `<data>/operator.key`',
    form: 'an API key, `estop_…`',
    pattern: API_KEY,
  }),
  ESTOP_JWT_ISSUER: text({
    summary: 'issuer whose JWTs are accepted beside API keys',
    form: 'the exact `iss` of the tokens',
    fallback: null,
  }),
  ESTOP_JWT_JWKS_URL: url({
    summary: 'where the keys of the issuer are',
    fallback: null,
  }),
  ESTOP_JWT_AUDIENCE: text({
    summary: 'audience that a JWT must name',
    form: 'the exact `aud` of the tokens',
    fallback: 'estop',
  }),
  ESTOP_URL: url({
    summary: 'where estop serves, for the SDK, the command line and the demo',
    fallback: null,
  }),
  ESTOP_KEY: secret({
    summary: 'API key of the agent or person that calls',
    form: 'an API key or a JWT',
    pattern: /^[!-~]+$/,
  }),
  ESTOP_MCP_TOKEN: secret({
    summary: 'what clients of `estop mcp --listen` must show as their bearer token',
    form: 'at least 16 letters, digits and `._~+/-`, with `=` at the end at most',
    pattern: /^(?=.{16})[A-Za-z0-9._~+/-]+=*$/,
  }),
  KAFKA_BROKERS: list({
    summary: 'use Kafka, with these brokers to start from; without it, the embedded log',
    form: '`host:port`, more of them with commas between',
    item: /^[\w.-]+:\d{1,5}$/,
  }),
  KAFKA_SASL_MECHANISM: choice({
    summary: 'how to authenticate to Kafka',
    words: ['plain', 'scram-sha-256', 'scram-sha-512'],
    fallback: null,
  }),
  KAFKA_SASL_USERNAME: text({
    summary: 'user of Kafka',
    form: 'a name',
    fallback: null,
  }),
  KAFKA_SASL_PASSWORD: secret({ summary: 'password of that user', form: 'a password' }),
  KAFKA_SSL: flag({
    summary: 'TLS to Kafka; any of the three below turns it on too',
    fallback: false,
  }),
  KAFKA_SSL_CA: secret({
    summary: 'certificate of the authority that signed the certificates of the brokers',
    form: 'a certificate in PEM',
    pattern: /-----BEGIN CERTIFICATE-----/,
  }),
  KAFKA_SSL_CERT: secret({
    summary: 'certificate to show to the brokers',
    form: 'a certificate in PEM',
    pattern: /-----BEGIN CERTIFICATE-----/,
  }),
  KAFKA_SSL_KEY: secret({
    summary: 'key of that certificate',
    form: 'a private key in PEM',
    pattern: /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  }),
  KAFKA_REPLICATION: integer({
    summary: 'replicas of topics when they are made; without it, 3 or as many as there are brokers',
    min: 1,
    max: 9,
    fallback: null,
  }),
  KAFKA_SESSION_TIMEOUT_MS: integer({
    summary:
      'a policy process that Kafka has not heard of for this long loses its partitions to the others, ms; not below `group.min.session.timeout.ms` of the brokers',
    min: 3_000,
    max: 300_000,
    fallback: 10_000,
  }),
  KAFKA_AUDIT_ACLS: choice({
    summary:
      'access rights that `estop setup` makes so that nobody deletes or alters the audit topic: `closed` where the cluster denies what no right allows, `open` where it lets everybody do it, `none` without an authorizer',
    words: ['none', 'closed', 'open'],
    fallback: 'none',
  }),
  SCHEMA_REGISTRY_URL: url({
    summary: 'Confluent-compatible schema registry; without it, the built-in table of ids',
    fallback: null,
  }),
  SCHEMA_REGISTRY_USERNAME: text({
    summary: 'user of the registry',
    form: 'a name',
    fallback: null,
  }),
  SCHEMA_REGISTRY_PASSWORD: secret({ summary: 'password of that user', form: 'a password' }),
} as const;

export type VariableName = keyof typeof VARIABLES;

/** What every long-running process reads. */
export const PROCESS_VARIABLES = ['ESTOP_HOST', 'ESTOP_PORT', 'ESTOP_LOG_LEVEL'] as const;

/** What it takes to open the log, whichever it is. */
export const LOG_VARIABLES = [
  'ESTOP_DATA',
  'ESTOP_PARTITIONS',
  'ESTOP_DISK_RESERVE_MIB',
  'ESTOP_LINK_KEY',
  'KAFKA_BROKERS',
  'KAFKA_SASL_MECHANISM',
  'KAFKA_SASL_USERNAME',
  'KAFKA_SASL_PASSWORD',
  'KAFKA_SSL',
  'KAFKA_SSL_CA',
  'KAFKA_SSL_CERT',
  'KAFKA_SSL_KEY',
  'SCHEMA_REGISTRY_URL',
  'SCHEMA_REGISTRY_USERNAME',
  'SCHEMA_REGISTRY_PASSWORD',
] as const;
