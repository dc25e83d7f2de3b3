/**
 * The LMDB file under the embedded log: records by (topic, partition, offset), group offsets,
 * schemas, and what must be remembered of the log itself. One process per file.
 */
import { createHash, randomInt, randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { TOPIC_SCHEMAS } from '@estop/schemas/avro';
import { type Codec, createCodec } from '@estop/schemas/codec';
import { EstopError, messageOf } from '@estop/schemas/errors';
import { TOPICS, type Topic } from '@estop/schemas/topics';
import { type Database, open, type RootDatabase } from 'lmdb';
import { causeOf } from './commit-failures.ts';

const FORMAT = 2;
const OWNER = 'owner';
/** The largest range of `randomInt`. */
const OWNERS_MAX = 2 ** 48 - 1;

interface StoredSchema {
  readonly id: number;
  readonly topic: Topic;
  readonly schema: object;
}

export interface Store {
  readonly root: RootDatabase;
  /** What the log is: format, id, partitions, topics. */
  readonly meta: Database<unknown, string>;
  /** Chunks of records, by topic, partition and first offset. */
  readonly records: Database<Buffer, Buffer>;
  /** JSON of [group, topic, partition] to the committed offset. */
  readonly groupOffsets: Database<number, string>;
  /** `topic/partition` to one past the last record, where retention may have emptied it. */
  readonly ends: Database<number, string>;
  readonly id: string;
  readonly partitions: number;
  readonly codecByTopic: ReadonlyMap<Topic, Codec<unknown>>;
  /**
   * Runs puts and removes in one transaction; resolves when it is synced. Rejects, and nothing is
   * written, when another process has opened the file since: the lock of the folder holds in one
   * network namespace only, this holds everywhere. After one failure it writes nothing any more:
   * lmdb's memory cannot be trusted then, but what is in the file can.
   */
  readonly write: (change: () => void) => Promise<void>;
  /** Why nothing can be written any more: `log-unavailable`. */
  readonly failure: EstopError | null;
}

/** Opens or creates the file in a folder; throws `config-invalid` when it is another's. */
export async function openStore(
  folder: string,
  partitions: number,
  onFailure: (error: Error) => void = () => undefined,
): Promise<Store> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const root = open({
    path: join(folder, 'log.mdb'),
    maxDbs: 8,
    encoding: 'json',
    // A commit is synced before anybody sees it. With overlapping syncs one whose sync failed stays
    // visible, though it was refused, and lmdb 3.5 never settles `flushed`, so closing hangs.
    overlappingSync: false,
  });
  try {
    const meta = root.openDB<unknown, string>({ name: 'meta', encoding: 'json' });
    root.transactionSync(() => checkMeta(meta, folder, partitions));
    const owners = root.openDB<number, string>({ name: 'owners', useVersions: true });
    const owner = randomInt(1, OWNERS_MAX);
    // Before anything is read: whoever wrote until now cannot write any more.
    owners.putSync(OWNER, process.pid, owner);
    const writing = failStop((change) => owners.ifVersion(OWNER, owner, change), onFailure);
    return {
      root,
      meta,
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
      write: writing.write,
      get failure() {
        return writing.failure;
      },
    };
  } catch (error) {
    await root.close();
    throw error;
  }
}

/** Writes until one fails, and tells of that once. `commit` answers false to who owns nothing. */
function failStop(
  commit: (change: () => void) => Promise<boolean>,
  onFailure: (error: Error) => void,
): Pick<Store, 'write' | 'failure'> {
  let failure: EstopError | null = null;
  // At once, before the cause is known: nothing may be written meanwhile.
  const fail = async (error: unknown): Promise<never> => {
    const isFirst = failure === null;
    failure ??= failureOf(error);
    const cause = await causeOf(error);
    if (isFirst) {
      failure = failureOf(cause);
      onFailure(failure);
    }
    throw failure;
  };
  return {
    get failure() {
      return failure;
    },
    async write(change) {
      if (failure !== null) throw failure;
      const isOwner = await commit(change).catch(fail);
      if (!isOwner) await fail(new Error('another process has taken over this folder'));
    },
  };
}

function failureOf(cause: unknown): EstopError {
  const text = `a write to the log failed, and this process writes no more: ${messageOf(cause)}`;
  return new EstopError('log-unavailable', text, { cause });
}

/** Fills in a new log; refuses one whose records this process would read or place wrongly. */
function checkMeta(meta: Store['meta'], folder: string, partitions: number): void {
  const topics = Object.keys(TOPICS);
  const known: Readonly<Record<string, unknown>> = {
    format: meta.get('format') ?? FORMAT,
    partitions: meta.get('partitions') ?? partitions,
  };
  if (known['format'] !== FORMAT) {
    const text = `the log in ${folder} has format ${known['format']}`;
    throw new EstopError('config-invalid', `${text}; this version reads format ${FORMAT}`);
  }
  if (known['partitions'] !== partitions) {
    const text = `the log in ${folder} has ${known['partitions']} partitions`;
    const asked = `fixed when it was created; ESTOP_PARTITIONS asks for ${partitions}`;
    throw new EstopError('config-invalid', `${text}, ${asked}`);
  }
  const named = meta.get('topics');
  // Keys of records hold a topic's place in the table.
  const isSame = !Array.isArray(named) || named.every((topic, index) => topic === topics[index]);
  if (!isSame) {
    const text = `the log in ${folder} has the topics ${named.join(', ')}`;
    throw new EstopError('config-invalid', `${text}; this version has ${topics.join(', ')}`);
  }
  for (const [key, value] of Object.entries({ ...known, topics })) meta.putSync(key, value);
  if (meta.get('id') === undefined) meta.putSync('id', randomUUID());
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
