/** Codecs whose schema ids come from a Confluent-compatible registry, or are fixed without one. */

import type { Clock } from '@estop/runtime/clock';
import { TOPIC_SCHEMAS } from '@estop/schemas/avro';
import { type Codec, createCodec, schemaIdOf } from '@estop/schemas/codec';
import { EstopError, messageOf } from '@estop/schemas/errors';
import type { Topic } from '@estop/schemas/topics';
import { COMPATIBILITY, SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import type { StoredRecord } from '../port.ts';
import { builtInSchemaId, builtInSchemas } from '../schema-ids.ts';
import { ALL_TOPICS, type TopicNames } from './topic-names.ts';

const FETCH_TIMEOUT_MS = 5_000;
/** Ids that could not be learned are left alone for a while; above the bound the oldest goes. */
const UNKNOWN_IDS_MAX = 1_000;
const UNKNOWN_AGAIN_MS = 30_000;

export interface Schemas {
  readonly codecByTopic: ReadonlyMap<Topic, Codec<unknown>>;
  /** Learns the writer schemas of these records, as far as the registry knows them. */
  learn(records: readonly StoredRecord[]): Promise<void>;
}

/** Without a registry: ids are fingerprints, and the schemas behind them those that are built in. */
export function fixedSchemas(): Schemas {
  const codecs = ALL_TOPICS.map((topic) => {
    const codec = createCodec(topic, builtInSchemaId(TOPIC_SCHEMAS[topic]));
    for (const [id, schema] of builtInSchemas(topic)) codec.learn(id, schema);
    return [topic, codec] as const;
  });
  return { codecByTopic: new Map<Topic, Codec<unknown>>(codecs), learn: async () => undefined };
}

/**
 * Registers every topic's schema under `<topic>-value`, compatible in both directions with all
 * before it. Throws `schema-incompatible` or `registry-unavailable`.
 */
export async function registeredSchemas(
  registryUrl: string,
  names: TopicNames,
  clock: Clock,
): Promise<Schemas> {
  const address = parseAddress(registryUrl);
  const { host, auth } = address;
  const registry = new SchemaRegistry({ host, ...(auth === undefined ? {} : { auth }) });
  const codecs = ALL_TOPICS.map(async (topic) => {
    const id = await register(registry, topic, `${names.of(topic)}-value`);
    return [topic, createCodec(topic, id)] as const;
  });
  const codecByTopic = new Map<Topic, Codec<unknown>>(await Promise.all(codecs));
  const learner = new SchemaLearner(address, codecByTopic, clock);
  return { codecByTopic, learn: (records) => learner.learn(records) };
}

async function register(registry: SchemaRegistry, topic: Topic, subject: string): Promise<number> {
  const schema = JSON.stringify(TOPIC_SCHEMAS[topic]);
  const options = { subject, compatibility: COMPATIBILITY.FULL_TRANSITIVE };
  try {
    const { id } = await registry.register({ type: SchemaType.AVRO, schema }, options);
    return id;
  } catch (error) {
    const text = `${subject}: ${messageOf(error)}`;
    const code = isRefusal(error) ? 'schema-incompatible' : 'registry-unavailable';
    throw new EstopError(code, text, { cause: error });
  }
}

/** The registry said no, rather than nothing; or the subject has another compatibility. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === 'ConfluentSchemaRegistryCompatibilityError') return true;
  return 'status' in error && (error.status === 409 || error.status === 422);
}

interface Address {
  readonly host: string;
  readonly auth?: { readonly username: string; readonly password: string };
}

/** Takes user and password out of the address. */
function parseAddress(registryUrl: string): Address {
  const url = new URL(registryUrl);
  const { username, password } = url;
  url.username = '';
  url.password = '';
  const host = url.href.replace(/\/+$/, '');
  if (username === '') return { host };
  const auth = { username: decodeURIComponent(username), password: decodeURIComponent(password) };
  return { host, auth };
}

class SchemaLearner {
  readonly #address: Address;
  readonly #codecByTopic: ReadonlyMap<Topic, Codec<unknown>>;
  readonly #clock: Clock;
  /** `topic/id` to when it may be asked for again. */
  readonly #unknown = new Map<string, number>();
  readonly #underWay = new Map<string, Promise<void>>();

  constructor(address: Address, codecByTopic: ReadonlyMap<Topic, Codec<unknown>>, clock: Clock) {
    this.#address = address;
    this.#codecByTopic = codecByTopic;
    this.#clock = clock;
  }

  async learn(records: readonly StoredRecord[]): Promise<void> {
    for (const { topic, value } of records) {
      const id = value === null ? undefined : schemaIdOf(value);
      const codec = this.#codecByTopic.get(topic);
      if (id === undefined || codec === undefined || codec.knows(id)) continue;
      await this.#learnOnce(`${topic}/${id}`, codec, id);
    }
  }

  #learnOnce(key: string, codec: Codec<unknown>, id: number): Promise<void> {
    if ((this.#unknown.get(key) ?? 0) > this.#clock.monotonicMs()) return Promise.resolve();
    let learning = this.#underWay.get(key);
    if (learning === undefined) {
      learning = this.#learn(key, codec, id).finally(() => this.#underWay.delete(key));
      this.#underWay.set(key, learning);
    }
    return learning;
  }

  /**
   * An id that the registry does not have, or whose schema cannot be read as the topic's, stays
   * unknown: decoding its records tells, and they are dead letters. One bad record must not stop
   * the partition.
   */
  async #learn(key: string, codec: Codec<unknown>, id: number): Promise<void> {
    const schema = await this.#fetch(id);
    try {
      if (schema !== undefined) return codec.learn(id, schema);
    } catch {
      // Noted below.
    }
    this.#unknown.delete(key);
    this.#unknown.set(key, this.#clock.monotonicMs() + UNKNOWN_AGAIN_MS);
    for (const oldest of this.#unknown.keys()) {
      if (this.#unknown.size <= UNKNOWN_IDS_MAX) break;
      this.#unknown.delete(oldest);
    }
  }

  /** The text as it was registered: the registry's client gives it back without logical types. */
  async #fetch(id: number): Promise<object | undefined> {
    const { host, auth } = this.#address;
    const basic = auth && Buffer.from(`${auth.username}:${auth.password}`).toString('base64');
    const headers = basic === undefined ? {} : { authorization: `Basic ${basic}` };
    try {
      const signal = AbortSignal.timeout(FETCH_TIMEOUT_MS);
      const response = await fetch(`${host}/schemas/ids/${id}`, { headers, signal });
      if (response.status === 404) return undefined;
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
      return parsedSchema(await response.json());
    } catch (error) {
      const text = `schema id ${id} cannot be fetched: ${messageOf(error)}`;
      throw new EstopError('registry-unavailable', text, { cause: error });
    }
  }
}

function parsedSchema(body: unknown): object | undefined {
  const text = (body as { readonly schema?: unknown } | null)?.schema;
  const schema: unknown = typeof text === 'string' ? JSON.parse(text) : undefined;
  return typeof schema === 'object' && schema !== null ? schema : undefined;
}
