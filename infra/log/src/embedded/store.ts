/**
 * The LMDB file under the embedded log: records by (topic, partition, offset), group offsets,
 * schemas, and what must be remembered of the log itself. One process per file.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { TOPIC_SCHEMAS } from '@estop/schemas/avro';
import { type Codec, createCodec } from '@estop/schemas/codec';
import { EstopError } from '@estop/schemas/errors';
import { TOPICS, type Topic } from '@estop/schemas/topics';
import { type Database, open, type RootDatabase } from 'lmdb';

const FORMAT = 1;

interface StoredSchema {
  readonly id: number;
  readonly topic: Topic;
  readonly schema: object;
}

export interface Store {
  readonly root: RootDatabase;
  readonly records: Database<Buffer, Buffer>;
  /** JSON of [group, topic, partition] to the committed offset. */
  readonly groupOffsets: Database<number, string>;
  /** `topic/partition` to one past the last record, where retention may have emptied it. */
  readonly ends: Database<number, string>;
  readonly id: string;
  readonly partitions: number;
  readonly codecByTopic: ReadonlyMap<Topic, Codec<unknown>>;
}

/** Opens or creates the file in a folder; throws `config-invalid` for another partition count. */
export async function openStore(folder: string, partitions: number): Promise<Store> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const root = open({ path: join(folder, 'log.mdb'), maxDbs: 8, encoding: 'json' });
  const meta = root.openDB<string | number, string>({ name: 'meta', encoding: 'json' });
  const known = meta.get('partitions');
  if (known !== undefined && known !== partitions) {
    await root.close();
    const text = `the log in ${folder} has ${known} partitions, fixed when it was created`;
    throw new EstopError('config-invalid', `${text}; ESTOP_PARTITIONS asks for ${partitions}`);
  }
  if (known === undefined) {
    root.transactionSync(() => {
      meta.putSync('format', FORMAT);
      meta.putSync('id', randomUUID());
      meta.putSync('partitions', partitions);
    });
  }
  return {
    root,
    records: root.openDB<Buffer, Buffer>({
      name: 'records',
      encoding: 'binary',
      keyEncoding: 'binary',
    }),
    groupOffsets: root.openDB<number, string>({ name: 'group-offsets', encoding: 'json' }),
    ends: root.openDB<number, string>({ name: 'ends', encoding: 'json' }),
    id: String(meta.get('id')),
    partitions,
    codecByTopic: openCodecs(root),
  };
}

/**
 * Codecs over the file's own schema table: a schema gets the next free id when it first appears,
 * and keeps it, so that every version of estop can read what any earlier one wrote here.
 */
function openCodecs(root: RootDatabase): ReadonlyMap<Topic, Codec<unknown>> {
  const table = root.openDB<StoredSchema, string>({ name: 'schemas', encoding: 'json' });
  const stored = [...table.getRange()].map(({ value }) => value);
  let nextId = Math.max(0, ...stored.map(({ id }) => id)) + 1;
  const codecByTopic = new Map<Topic, Codec<unknown>>();
  root.transactionSync(() => {
    for (const [topic, schema] of topicSchemas()) {
      const fingerprint = createHash('sha256').update(JSON.stringify(schema)).digest('hex');
      const key = `${topic}/${fingerprint}`;
      const known = table.get(key);
      const id = known?.id ?? nextId++;
      if (known === undefined) table.putSync(key, { id, topic, schema });
      const codec = createCodec(topic, id);
      for (const old of stored) if (old.topic === topic) codec.learn(old.id, old.schema);
      codecByTopic.set(topic, codec);
    }
  });
  return codecByTopic;
}

function topicSchemas(): readonly (readonly [Topic, object])[] {
  return Object.entries(TOPIC_SCHEMAS).flatMap(([name, schema]) =>
    name in TOPICS ? [[name as Topic, schema] as const] : [],
  );
}
