/** Short questions about partitions: what stands where, from where to where. Never waits for more. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '@estop/runtime/clock';
import { EstopError } from '@estop/schemas/errors';
import type { Topic } from '@estop/schemas/topics';
import type Cluster from 'kafkajs/src/cluster/index.js';
import errors from 'kafkajs/src/protocol/error.js';
import type { ReadResult } from '../port.ts';
import { leaderOf, refreshLeaders, unavailable } from './client.ts';
import { FetchedRecords } from './record-batch.ts';
import type { TopicNames } from './topic-names.ts';
import { type FetchResult, fetchBatches, NO_ERROR, OFFSET_OUT_OF_RANGE } from './wire-requests.ts';

/** How long a question is asked again while brokers change their roles. */
const ANSWER_TIMEOUT_MS = 30_000;
const RETRY_MS = 100;
const FETCH_BYTES_MAX = 1024 * 1024;
const FETCH_BYTES_MIN = 64 * 1024;
/** Fetched per record that is asked for. */
const RECORD_BYTES = 1024;
/** How long a leader may take to learn after an election how far the log had been acknowledged. */
const ELECTION_MS = 5_000;

export interface Place {
  readonly topic: Topic;
  readonly partition: number;
}

export interface NamedPlace extends Place {
  /** The topic's name on the broker. */
  readonly name: string;
}

export class Reader {
  readonly #cluster: Cluster;
  readonly #names: TopicNames;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  /** How far each partition was seen to reach, by acknowledgements and reads. */
  readonly #knownEnds = new Map<string, number>();

  constructor(
    cluster: Cluster,
    names: TopicNames,
    options: { readonly clock: Clock; readonly signal: AbortSignal },
  ) {
    this.#cluster = cluster;
    this.#names = names;
    this.#clock = options.clock;
    this.#signal = options.signal;
  }

  async startOffset(place: Place): Promise<number> {
    const [offset = 0] = await this.offsets([place], 'start');
    return offset;
  }

  /** One past the last record; throws `log-truncated` when it once was further. */
  async endOffset(place: Place): Promise<number> {
    const [end = 0] = await this.offsets([place], 'end');
    const known = this.#knownEnds.get(`${place.topic}/${place.partition}`) ?? 0;
    if (end >= known) return end;
    await this.readableFrom(place, known);
    return this.endOffset(place);
  }

  /** Notes that everything below is in the log. */
  saw({ topic, partition }: Place, end: number): void {
    const key = `${topic}/${partition}`;
    if (end > (this.#knownEnds.get(key) ?? 0)) this.#knownEnds.set(key, end);
  }

  /** The first offset, or one past the last, of each place; one request per broker. */
  offsets(places: readonly Place[], which: 'start' | 'end'): Promise<readonly number[]> {
    const partitionsByName = new Map<string, { readonly partition: number }[]>();
    for (const { topic, partition } of places) {
      const name = this.#names.of(topic);
      partitionsByName.set(name, [...(partitionsByName.get(name) ?? []), { partition }]);
    }
    const topics = [...partitionsByName].map(([topic, partitions]) => {
      return { topic, partitions, fromBeginning: which === 'start' };
    });
    return this.persist(async () => {
      const answers = await this.#cluster.fetchTopicsOffset(topics);
      return places.map(({ topic, partition }) => {
        const offsets = answers.find(
          (answer) => answer.topic === this.#names.of(topic),
        )?.partitions;
        const found = offsets?.find((offset) => offset.partition === partition);
        if (found === undefined) throw new Error(`nobody leads ${topic}/${partition}`);
        return Number(found.offset);
      });
    });
  }

  async read(
    place: Place,
    { fromOffset, maxRecords }: { readonly fromOffset: number; readonly maxRecords: number },
  ): Promise<ReadResult> {
    const fetched = await this.persist(() => this.#fetch(place, fromOffset, maxRecords));
    const known = this.#knownEnds.get(`${place.topic}/${place.partition}`) ?? 0;
    if (fetched.errorCode === OFFSET_OUT_OF_RANGE || fetched.endOffset < fromOffset) {
      const start = await this.readableFrom(place, fromOffset);
      return this.read(place, { fromOffset: start, maxRecords });
    }
    if (fetched.endOffset < known) {
      await this.readableFrom(place, known);
      return this.read(place, { fromOffset, maxRecords });
    }
    const { endOffset } = fetched;
    this.saw(place, endOffset);
    const batches = new FetchedRecords(fetched.batches, { ...place, fromOffset });
    const records = batches.take(maxRecords);
    const last = records.at(-1);
    const isWhole = batches.left === 0 || last === undefined;
    return { records, nextOffset: isWhole ? batches.nextOffset : last.offset + 1, endOffset };
  }

  /**
   * From where a reader may go on who wants an offset that the broker does not have: records that
   * retention took are passed over, but never those of the audit. Throws `log-truncated` when the
   * log ends before the offset: what was acknowledged has vanished.
   */
  async readableFrom(place: Place, wanted: number): Promise<number> {
    const deadlineMs = this.#clock.monotonicMs() + ELECTION_MS;
    const text = `${place.topic}/${place.partition}: offset ${wanted} is wanted, but it`;
    for (;;) {
      const start = await this.startOffset(place);
      if (wanted < start) {
        if (place.topic !== 'audit.v1') return start;
        throw new EstopError('log-truncated', `${text} starts at ${start}`);
      }
      const [end = 0] = await this.offsets([place], 'end');
      if (wanted <= end) return wanted;
      if (this.#clock.monotonicMs() > deadlineMs) {
        throw new EstopError('log-truncated', `${text} ends at ${end}`);
      }
      await sleep(RETRY_MS, undefined, { signal: this.#signal });
    }
  }

  /** Asks until there is an answer or the time is over; then throws `log-unavailable`. */
  async persist<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    const deadlineMs = this.#clock.monotonicMs() + ANSWER_TIMEOUT_MS;
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (this.#signal.aborted) throw new EstopError('log-closed', 'the log is closed');
        const isFinal = error instanceof EstopError || this.#clock.monotonicMs() > deadlineMs;
        if (isFinal) throw unavailable('Kafka does not answer', error);
        await sleep(RETRY_MS, undefined, { signal: this.#signal }).catch(() => undefined);
        await refreshLeaders(this.#cluster);
      }
    }
  }

  async #fetch(place: Place, offset: number, maxRecords: number): Promise<FetchResult> {
    const { partition } = place;
    const name = this.#names.of(place.topic);
    const { broker } = await leaderOf(this.#cluster, name, partition);
    const bytes = Math.min(FETCH_BYTES_MAX, Math.max(FETCH_BYTES_MIN, maxRecords * RECORD_BYTES));
    const limits = { maxWaitMs: 0, maxBytes: bytes, maxBytesPerPartition: bytes };
    const [result] = await fetchBatches(broker, [{ name, partition, offset }], limits);
    const code = result?.errorCode ?? -1;
    if (result !== undefined && (code === NO_ERROR || code === OFFSET_OUT_OF_RANGE)) return result;
    throw errors.createErrorFromCode(code);
  }
}
