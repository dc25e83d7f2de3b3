import type { EventLog, Membership, NewRecord, StoredRecord } from '@estop/log/port';
import { TOPIC_SCHEMAS } from '@estop/schemas/avro';
import { ConfigResourceTypes } from 'kafkajs';
import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { kafka, PARTITIONS, type TestTopics, testTopics } from './open-test-log.ts';

const PATIENCE = { timeout: 20_000, interval: 20 };

describe('the log on Kafka', () => {
  let topics: TestTopics;

  beforeEach(() => {
    topics = testTopics();
  });

  afterEach(() => topics.dispose());

  describe('its topics', () => {
    it('stamp by themselves, and keep the audit for ever', async () => {
      await topics.open();
      const name = `${topics.prefix}audit.v1`;
      const resource = { type: ConfigResourceTypes.TOPIC, name };
      const { resources } = await topics.admin((admin) =>
        admin.describeConfigs({ includeSynonyms: false, resources: [resource] }),
      );
      const configs = resources[0]?.configEntries.map((entry) => [
        entry.configName,
        entry.configValue,
      ]);
      expect(Object.fromEntries(configs ?? [])).toMatchObject({
        'cleanup.policy': 'delete',
        'message.timestamp.type': 'LogAppendTime',
        'retention.ms': '-1',
        'unclean.leader.election.enable': 'false',
      });
    });

    it('are refused with another partition count, naming both', async () => {
      await topics.open();
      await expect(topics.open({ partitions: PARTITIONS + 1 })).rejects.toMatchObject({
        code: 'config-invalid',
        message: expect.stringMatching(/has 3 partitions.*4 are configured/),
      });
    });

    it('are named when they are missing and may not be made', async () => {
      await expect(topics.open({ createTopics: false })).rejects.toMatchObject({
        code: 'config-invalid',
        message: expect.stringContaining(`${topics.prefix}audit.v1`),
      });
    });

    it('are refused when writers choose the time', async () => {
      const topic = `${topics.prefix}intents.v1`;
      await topics.admin((admin) =>
        admin.createTopics({ waitForLeaders: false, topics: [{ topic, numPartitions: 3 }] }),
      );
      await expect(topics.open()).rejects.toMatchObject({
        code: 'config-invalid',
        message: expect.stringContaining('message.timestamp.type=CreateTime'),
      });
    });

    it('cannot be protected on a cluster without an authorizer, and it says so', async () => {
      await expect(topics.open({ auditAcls: 'closed' })).rejects.toMatchObject({
        code: 'log-unavailable',
        message: expect.stringMatching(/security/i),
      });
    });

    it('made anew are another log', async () => {
      const before = await topics.open();
      await topics.dispose();
      await vi.waitFor(async () => expect((await topics.open()).id).not.toBe(before.id), PATIENCE);
    });
  });

  describe('proof of the writer', () => {
    it('is carried by what the log wrote, and by nothing else', async () => {
      const log = await topics.open();
      await log.publish('intents.v1', 0, record('ours'));
      await writeRaw(topics, { topic: 'intents.v1', key: 'key ours', value: 'theirs' });
      const records = await readAll(log, 'intents.v1');
      expect(records.map((stored) => [String(stored.value), log.isLinked(stored)])).toEqual([
        ['ours', true],
        ['theirs', false],
      ]);
    });

    it('holds for the same key alone', async () => {
      const log = await topics.open();
      const other = await topics.open({ linkKey: Buffer.from('another key') });
      await other.publish('commands.v1', 0, record('x'));
      const [stored] = await readAll(log, 'commands.v1');
      expect(stored && log.isLinked(stored)).toBe(false);
      expect(stored && other.isLinked(stored)).toBe(true);
    });
  });

  it('reads what others wrote compressed', async () => {
    const log = await topics.open();
    const value = 'v'.repeat(10_000);
    await writeRaw(topics, { topic: 'intents.v1', key: 'k', value, compression: 1 });
    expect((await readAll(log, 'intents.v1')).map((stored) => String(stored.value))).toEqual([
      value,
    ]);
  });

  describe('vanished records', () => {
    it('are told when a reader wants more than there is', async () => {
      const log = await topics.open();
      await log.append('audit.v1', 0, [record('a')]);
      await expect(log.read('audit.v1', 0, { fromOffset: 5, maxRecords: 1 })).rejects.toMatchObject(
        { code: 'log-truncated' },
      );
    });

    it('end a follower of the audit whose place was deleted', async () => {
      const log = await topics.open();
      await log.append('audit.v1', 0, [record('a'), record('b')]);
      await deleteBelow(topics, 'audit.v1', '1');
      const onFailure = vi.fn();
      await log.follow({
        sources: [{ topic: 'audit.v1', partition: 0, from: 0 }],
        onBatch: () => undefined,
        onFailure,
      });
      await vi.waitFor(() => expect(onFailure).toHaveBeenCalledOnce(), PATIENCE);
      expect(onFailure.mock.lastCall?.[0]).toMatchObject({ code: 'log-truncated' });
    });

    it('are passed over where retention may take them', async () => {
      const log = await topics.open();
      await log.append('intents.v1', 0, [record('a'), record('b')]);
      await deleteBelow(topics, 'intents.v1', '1');
      const read = await log.read('intents.v1', 0, { fromOffset: 0, maxRecords: 10 });
      expect(read.records.map(({ value }) => String(value))).toEqual(['b']);
    });
  });

  it('hands the partitions of a member that leaves to the one that stays', async () => {
    const owners = new Map<number, Set<string>>();
    const join = async (name: string): Promise<Membership> => {
      const log = await topics.open();
      return log.join({
        group: `${topics.prefix}hand-over`,
        inputs: ['intents.v1', 'outcomes.v1'],
        async run({ partition, signal }) {
          const own = owners.get(partition) ?? new Set();
          owners.set(partition, own.add(name));
          await new Promise<void>((resolve) => {
            signal.addEventListener('abort', () => resolve());
          });
          own.delete(name);
        },
        onFailure: () => undefined,
      });
    };
    const ownersNow = () => [...owners.values()].map((names) => [...names]);
    const first = await join('first');
    await vi.waitFor(() => expect(first.assigned()).toHaveLength(PARTITIONS), PATIENCE);
    const second = await join('second');
    await vi.waitFor(() => {
      expect([...first.assigned(), ...second.assigned()].sort()).toEqual([0, 1, 2]);
      expect(second.assigned()).not.toHaveLength(0);
      expect(first.assigned()).not.toHaveLength(0);
    }, PATIENCE);
    expect(ownersNow().every((names) => names.length === 1)).toBe(true);
    await first.close();
    await vi.waitFor(() => expect(second.assigned()).toEqual([0, 1, 2]), PATIENCE);
    await vi.waitFor(() => expect(ownersNow()).toEqual([['second'], ['second'], ['second']]));
    await second.close();
    expect(ownersNow()).toEqual([[], [], []]);
  });

  describe('with a schema registry', () => {
    const registryUrl = inject('kafka').registryUrl;

    it('writes under the ids that the registry gave', async () => {
      const log = await topics.open({ registryUrl });
      const again = await topics.open({ registryUrl });
      const { schemaId } = log.codec('halts.v1');
      expect(again.codec('halts.v1').schemaId).toBe(schemaId);
      const answer = await fetch(`${registryUrl}/schemas/ids/${schemaId}`);
      expect(await answer.json()).toHaveProperty('schema');
    });

    it('learns the schema of a writer that runs another version', async () => {
      const older = await plantSchema(topics, 'checkpoints.v1', withOptionalField);
      const log = await topics.open({ registryUrl });
      const codec = log.codec('checkpoints.v1');
      expect(codec.knows(older)).toBe(false);
      const value = Buffer.alloc(5);
      value.writeInt32BE(older, 1);
      await log.append('checkpoints.v1', 0, [{ key: 'k', value }]);
      await log.learnSchemas(await readAll(log, 'checkpoints.v1'));
      expect(codec.knows(older)).toBe(true);
    });

    it('leaves an id alone that nobody registered', async () => {
      const log = await topics.open({ registryUrl });
      const value = Buffer.alloc(5);
      value.writeInt32BE(999_999_999, 1);
      await log.append('halts.v1', 0, [{ key: 'k', value }]);
      await log.learnSchemas(await readAll(log, 'halts.v1'));
      expect(log.codec('halts.v1').knows(999_999_999)).toBe(false);
    });

    it('does not start on a schema that old readers cannot read', async () => {
      await plantSchema(topics, 'halts.v1', withFieldWithoutDefault);
      await expect(topics.open({ registryUrl })).rejects.toMatchObject({
        code: 'schema-incompatible',
      });
    });

    it('says so when no registry answers', async () => {
      const nobody = 'http://127.0.0.1:9/apis/ccompat/v7';
      await expect(topics.open({ registryUrl: nobody })).rejects.toMatchObject({
        code: 'registry-unavailable',
      });
    });
  });

  it('leaves nothing open behind', async () => {
    // Of an earlier test a kept connection may still be about to close.
    await vi.waitFor(() => expect(socketCount()).toBe(0), PATIENCE);
    const log = await topics.open();
    await log.follow({
      sources: [{ topic: 'intents.v1', partition: 0, from: 'start' }],
      onBatch: () => undefined,
      onFailure: () => undefined,
    });
    await log.join({
      group: `${topics.prefix}leave`,
      inputs: ['intents.v1'],
      run: async () => undefined,
      onFailure: () => undefined,
    });
    await log.publish('intents.v1', 0, record('a'));
    const options = { fromOffset: 0, maxRecords: 1 };
    await Promise.all([0, 1, 2].map((partition) => log.read('intents.v1', partition, options)));
    expect(socketCount()).toBeGreaterThan(0);
    await log.close();
    await vi.waitFor(() => expect(socketCount()).toBe(0), PATIENCE);
  });
});

interface AvroRecord {
  readonly fields: readonly { readonly name: string }[];
}

/** Registers a changed schema of a topic before the log does; answers its id. */
async function plantSchema(
  { prefix }: TestTopics,
  topic: 'halts.v1' | 'checkpoints.v1',
  change: (schema: AvroRecord) => AvroRecord,
): Promise<number> {
  const { registryUrl } = inject('kafka');
  const subject = `${prefix}${topic}-value`;
  const headers = { 'content-type': 'application/vnd.schemaregistry.v1+json' };
  const schema = JSON.stringify(change(TOPIC_SCHEMAS[topic] as AvroRecord));
  const registered = await fetch(`${registryUrl}/subjects/${subject}/versions`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ schema }),
  });
  const { id } = (await registered.json()) as { id: number };
  await fetch(`${registryUrl}/config/${subject}`, {
    method: 'PUT',
    headers,
    body: JSON.stringify({ compatibility: 'FULL_TRANSITIVE' }),
  });
  return id;
}

const withFieldWithoutDefault = (schema: AvroRecord) => ({
  ...schema,
  fields: [...schema.fields, { name: 'planted', type: 'string' }],
});

/** The same schema with one more field that has a default: readable both ways. */
const withOptionalField = (schema: AvroRecord) => ({
  ...schema,
  fields: [...schema.fields, { name: 'planted', type: ['null', 'string'], default: null }],
});

async function writeRaw(
  { prefix }: TestTopics,
  raw: { topic: string; key: string; value: string; compression?: number },
): Promise<void> {
  const producer = kafka().producer();
  await producer.connect();
  const { topic, key, value, compression = 0 } = raw;
  await producer.send({
    topic: `${prefix}${topic}`,
    compression,
    messages: [{ partition: 0, key, value }],
  });
  await producer.disconnect();
}

function deleteBelow({ admin, prefix }: TestTopics, name: string, offset: string): Promise<void> {
  const topic = `${prefix}${name}`;
  // The client deletes only where it has learned who leads, and a new topic may have just no leader.
  const attempt = () =>
    admin(async (client) => {
      await client.fetchTopicOffsets(topic);
      await client.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset }] });
    });
  return vi.waitFor(attempt, PATIENCE);
}

async function readAll(
  log: EventLog,
  topic: 'intents.v1' | 'commands.v1' | 'halts.v1' | 'checkpoints.v1',
): Promise<readonly StoredRecord[]> {
  return (await log.read(topic, 0, { fromOffset: 0, maxRecords: 100 })).records;
}

function record(text: string): NewRecord {
  return { key: `key ${text}`, value: Buffer.from(text) };
}

function socketCount(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
}
