/**
 * The two requests that carry records, encoded and decoded here: Produce 7 and Fetch 11, which
 * brokers speak since Kafka 2.3. Unlike kafkajs's, their answers keep one partition's error apart
 * from the other partitions.
 */
import type { Protocol } from 'kafkajs/src/cluster/index.js';
import Encoder from 'kafkajs/src/protocol/encoder.js';
import { WireReader, WireWriter } from './wire-buffer.ts';

/// <reference path="./kafkajs-internals.d.ts" />

const PRODUCE = { apiKey: 0, apiVersion: 7, apiName: 'Produce' } as const;
const FETCH = { apiKey: 1, apiVersion: 11, apiName: 'Fetch' } as const;
const ALL_IN_SYNC = -1;
const READ_UNCOMMITTED = 0;
const NOBODY = -1;
/** No fetch session: each request says all it wants. */
const NO_SESSION = { id: 0, epoch: -1 } as const;

export interface ProducePart {
  /** Name of the topic in Kafka. */
  readonly topic: string;
  readonly partition: number;
  readonly batch: Buffer;
}

export interface ProduceAnswer {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: number;
  readonly baseOffset: number;
  readonly timestampMs: number;
}

/** One batch for each of several partitions; `timeoutMs` is how long the broker may wait for replicas. */
export function produceProtocol(
  parts: readonly ProducePart[],
  timeoutMs: number,
): Protocol<readonly ProduceAnswer[]> {
  const size = parts.reduce((sum, { batch }) => sum + batch.length + 64, 64);
  const encode = () => {
    const writer = new WireWriter(size);
    writer.string(null).int16(ALL_IN_SYNC).int32(timeoutMs);
    writer.array(byTopic(parts), ([topic, ofTopic]) => {
      writer.string(topic).array(ofTopic, ({ partition, batch }) => {
        writer.int32(partition).int32(batch.length).bytes(batch);
      });
    });
    return writer;
  };
  return protocolOf(PRODUCE, encode, (reader) => {
    return readTopics(reader, (topic) => {
      const partition = reader.int32();
      const errorCode = reader.int16();
      const baseOffset = reader.int64();
      const timestampMs = reader.int64();
      // Where the log begins.
      reader.int64();
      return { topic, partition, errorCode, baseOffset, timestampMs };
    });
  });
}

export interface FetchPart {
  readonly topic: string;
  readonly partition: number;
  readonly fromOffset: number;
  readonly bytesMax: number;
}

export interface FetchAnswer {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: number;
  /** One past the last record that all in-sync replicas have. */
  readonly endOffset: number;
  readonly startOffset: number;
  /** Record batches, the last one perhaps cut off. */
  readonly bytes: Buffer;
}

export interface FetchLimits {
  /** How long the broker may wait for records when there are none. */
  readonly waitMs: number;
  readonly bytesMax: number;
}

export function fetchProtocol(
  parts: readonly FetchPart[],
  { waitMs, bytesMax }: FetchLimits,
): Protocol<readonly FetchAnswer[]> {
  const encode = () => {
    const writer = new WireWriter(64 + parts.length * 64);
    writer.int32(NOBODY).int32(waitMs).int32(1).int32(bytesMax).int8(READ_UNCOMMITTED);
    writer.int32(NO_SESSION.id).int32(NO_SESSION.epoch);
    writer.array(byTopic(parts), ([topic, ofTopic]) => {
      writer.string(topic).array(ofTopic, (part) => {
        writer.int32(part.partition).int32(NOBODY).int64(part.fromOffset).int64(NOBODY);
        writer.int32(part.bytesMax);
      });
    });
    return writer.int32(0).string('');
  };
  return protocolOf(FETCH, encode, (reader) => {
    reader.int32();
    reader.int16();
    reader.int32();
    return readTopics(reader, (topic) => readFetched(reader, topic));
  });
}

function readFetched(reader: WireReader, topic: string): FetchAnswer {
  const partition = reader.int32();
  const errorCode = reader.int16();
  const endOffset = reader.int64();
  // The last stable offset: read uncommitted does not ask for it.
  reader.int64();
  const startOffset = reader.int64();
  reader.array(() => {
    reader.int64();
    reader.int64();
  });
  // The replica to read from instead: only with a rack, which is not given.
  reader.int32();
  const bytes = reader.view(Math.max(reader.int32(), 0));
  return { topic, partition, errorCode, endOffset, startOffset, bytes };
}

function readTopics<Answer>(reader: WireReader, read: (topic: string) => Answer): Answer[] {
  return reader
    .array(() => {
      const topic = reader.string() ?? '';
      return reader.array(() => read(topic));
    })
    .flat();
}

/** Topics in the order in which they first appear: a caller rotates them to be fair. */
function byTopic<Part extends { readonly topic: string }>(
  parts: readonly Part[],
): readonly (readonly [string, readonly Part[]])[] {
  const grouped = new Map<string, Part[]>();
  for (const part of parts) {
    const group = grouped.get(part.topic);
    if (group === undefined) grouped.set(part.topic, [part]);
    else group.push(part);
  }
  return [...grouped];
}

function protocolOf<Answer>(
  api: typeof PRODUCE | typeof FETCH,
  encode: () => WireWriter,
  decode: (reader: WireReader) => Answer,
): Protocol<Answer> {
  return {
    request: { ...api, encode: async () => encoderOf(encode().take()) },
    response: {
      decode: async (payload) => decode(new WireReader(payload)),
      parse: async (answer) => answer,
    },
  };
}

/** kafkajs's own buffer around ours, without copying. */
function encoderOf(bytes: Buffer): Encoder {
  const encoder = new Encoder(1);
  encoder.buf = bytes;
  encoder.offset = bytes.length;
  return encoder;
}
