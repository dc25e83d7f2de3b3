import { mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMemoryLogger } from '@estop/runtime/logger';
import { describe, expect, it } from 'vitest';
import { createContext } from '../src/context.ts';
import { processIo } from '../src/io.ts';
import { kafkaSettings } from '../src/serve/kafka-settings.ts';

const LINK_KEY = 'k'.repeat(32);
const KAFKA = { KAFKA_BROKERS: 'kafka:9092', ESTOP_LINK_KEY: LINK_KEY };
const CERT = '-----BEGIN CERTIFICATE-----x';

function settings(env: Readonly<Record<string, string>>, isSetup = false) {
  const io = { ...processIo(new AbortController().signal), env };
  return kafkaSettings(createContext(io, { output: 'text' }), { createTopics: isSetup, isSetup });
}

describe('the settings of Kafka', () => {
  it('ask for access rights on the audit topic in setup only, and only when told which', () => {
    const env = { KAFKA_BROKERS: 'kafka:9092', ESTOP_LINK_KEY: LINK_KEY };
    const open = { ...env, KAFKA_AUDIT_ACLS: 'open' };
    expect(settings(open, true)).toMatchObject({ auditAcls: 'open' });
    expect(settings(open)).not.toHaveProperty('auditAcls');
    expect(settings(env, true)).not.toHaveProperty('auditAcls');
  });

  it('let the log of the process hear what the client has to say', () => {
    const { logger, lines } = createMemoryLogger();
    const io = { ...processIo(new AbortController().signal), env: KAFKA };
    const context = createContext(io, { output: 'text' });
    const told = kafkaSettings(context, { createTopics: false, logger })?.onClientLog;
    told?.({ level: 'warn', message: 'a broker is gone', details: { broker: 2 } });
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ msg: 'a broker is gone', broker: 2 });
  });

  it('are none without brokers', () => {
    expect(settings({})).toBeNull();
  });

  it('make the key that proves who wrote a record, once, when none is given', () => {
    const data = mkdtempSync(join(tmpdir(), 'estop-kafka-'));
    const env = { KAFKA_BROKERS: 'k1:9092', ESTOP_DATA: data };
    const made = settings(env)?.linkKey;
    expect(made).toHaveLength(43);
    expect(settings(env)?.linkKey).toEqual(made);
    expect(statSync(join(data, 'link.key')).mode & 0o777).toBe(0o600);
  });

  it('hold what is set and leave out the rest', () => {
    const plain = settings({ KAFKA_BROKERS: 'k1:9092,k2:9092', ESTOP_LINK_KEY: LINK_KEY });
    expect(plain).toMatchObject({
      brokers: ['k1:9092', 'k2:9092'],
      partitions: 12,
      linkKey: Buffer.from(LINK_KEY),
      createTopics: false,
      sessionTimeoutMs: 10_000,
      notesFolder: expect.stringMatching(/groups$/),
    });
    for (const absent of ['sasl', 'ssl', 'registryUrl', 'replicationFactor']) {
      expect(plain).not.toHaveProperty(absent);
    }
  });

  it('hold authentication, TLS and the registry', () => {
    const full = settings({
      KAFKA_BROKERS: 'k1:9092',
      ESTOP_LINK_KEY: LINK_KEY,
      KAFKA_SASL_MECHANISM: 'scram-sha-512',
      KAFKA_SASL_USERNAME: 'u',
      KAFKA_SASL_PASSWORD: 'p',
      KAFKA_SSL_CA: CERT,
      SCHEMA_REGISTRY_URL: 'http://registry:8080/',
      KAFKA_REPLICATION: '3',
      KAFKA_SESSION_TIMEOUT_MS: '6000',
    });
    expect(full).toMatchObject({
      sessionTimeoutMs: 6_000,
      sasl: { mechanism: 'scram-sha-512', username: 'u', password: 'p' },
      ssl: { ca: CERT },
      registryUrl: 'http://registry:8080',
      replicationFactor: 3,
    });
  });

  it('carry the user of the registry in its address', () => {
    const full = settings({
      KAFKA_BROKERS: 'k1:9092',
      ESTOP_LINK_KEY: LINK_KEY,
      SCHEMA_REGISTRY_URL: 'https://registry/apis/ccompat/v7',
      SCHEMA_REGISTRY_USERNAME: 'u',
      SCHEMA_REGISTRY_PASSWORD: 'p@w',
    });
    expect(full?.registryUrl).toBe('https://u:p%40w@registry/apis/ccompat/v7');
  });
});
