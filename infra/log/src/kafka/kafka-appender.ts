/** The writing half of the log: bounds, the proof of the writer, batches shared by single records. */
import type { Clock } from '@estop/runtime/clock';
import { EstopError } from '@estop/schemas/errors';
import { invariant } from '@estop/schemas/invariant';
import { TOPICS, type Topic } from '@estop/schemas/topics';
import type Cluster from 'kafkajs/src/cluster/index.js';
import { LINK_HEADER, type Linker } from '../link.ts';
import { APPEND_RECORDS_MAX, type Appended, type NewRecord } from '../port.ts';
import type { NamedPlace, Place } from './reader.ts';
import { Sender } from './sender.ts';
import { batchBytesMaxOf } from './topic-setup.ts';
import { AppendWriting, recordBytes, SharedWriting, sizeOf } from './writing.ts';

export interface KafkaAppenderOptions {
  readonly cluster: Cluster;
  readonly linker: Linker;
  readonly clock: Clock;
  /** Told of every acknowledgement: one past the last record that it is for. */
  readonly onAppended: (place: Place, end: number) => void;
}

export class KafkaAppender {
  readonly #options: KafkaAppenderOptions;
  readonly #sender: Sender;

  constructor(options: KafkaAppenderOptions) {
    this.#options = options;
    this.#sender = new Sender(options.cluster, options.clock);
  }

  async append(place: NamedPlace, records: readonly NewRecord[]): Promise<Appended> {
    invariant(records.length <= APPEND_RECORDS_MAX, 'a batch is within its bound');
    invariant(records.length > 0, 'a batch holds records');
    const linked = records.map((record) => this.#linked(place.topic, record));
    const bytes = sizeOf(linked);
    refuseTooLarge(place.topic, linked, bytes);
    const appended = await new Promise<Appended>((resolve, reject) => {
      const queuedAtMs = this.#options.clock.monotonicMs();
      this.#sender.write(place, new AppendWriting(linked, { resolve, reject, queuedAtMs, bytes }));
    });
    this.#options.onAppended(place, appended.baseOffset + records.length);
    return appended;
  }

  /** While a batch of the partition is under way, single records gather in the next one. */
  async publish(place: NamedPlace, record: NewRecord): Promise<Appended> {
    const { topic, name, partition } = place;
    const linked = this.#linked(topic, record);
    const bytes = recordBytes(linked);
    refuseTooLarge(topic, [linked], sizeOf([linked]));
    const appended = await new Promise<Appended>((resolve, reject) => {
      const waiting = this.#sender.lastWaiting(name, partition);
      if (waiting instanceof SharedWriting && waiting.takes(bytes, batchBytesMaxOf(topic))) {
        this.#sender.refuse(bytes);
        waiting.add(linked, bytes, { resolve, reject });
        this.#sender.grew(bytes);
        return;
      }
      const shared = new SharedWriting(this.#options.clock.monotonicMs());
      shared.add(linked, bytes, { resolve, reject });
      this.#sender.write(place, shared);
    });
    this.#options.onAppended(place, appended.baseOffset + 1);
    return appended;
  }

  close(): Promise<void> {
    return this.#sender.close();
  }

  #linked(topic: Topic, record: NewRecord): NewRecord {
    if (!TOPICS[topic].proven) return record;
    const { key } = record;
    const value = bufferOf(record.value);
    const link = this.#options.linker.link({ topic, key, value });
    return { key, value, headers: { ...record.headers, [LINK_HEADER]: link } };
  }
}

function refuseTooLarge(topic: Topic, records: readonly NewRecord[], bytes: number): void {
  const { valueBytesMax } = TOPICS[topic];
  for (const { value } of records) {
    const size = value?.length ?? 0;
    if (size <= valueBytesMax) continue;
    const text = `a value of ${size} bytes on ${topic}, at most ${valueBytesMax} fit`;
    throw new EstopError('record-too-large', text);
  }
  const bytesMax = batchBytesMaxOf(topic);
  if (bytes <= bytesMax) return;
  const text = `a batch of ${bytes} bytes on ${topic}, at most ${bytesMax} fit`;
  throw new EstopError('record-too-large', text);
}

function bufferOf(value: Uint8Array | null): Buffer | null {
  if (value === null || Buffer.isBuffer(value)) return value;
  return Buffer.from(value);
}
