/// <reference path="./kafkajs-internals.d.ts" />
/**
 * The two requests that carry records. kafkajs sends them, finds the broker and logs in; what is in
 * them is written and read here, because kafkajs answers a fetch or a produce of many partitions
 * with the first error alone, and loses where an emptied batch ends.
 * Formats: https://kafka.apache.org/protocol (Produce 7, Fetch 11)
 */
import type { Broker, Protocol } from 'kafkajs/src/cluster/index.js';
import Encoder from 'kafkajs/src/protocol/encoder.js';
import { answered } from './client.ts';
import { WireReader, WireWriter } from './wire-buffer.ts';

const PRODUCE = { apiKey: 0, apiVersion: 7, apiName: 'Produce' };
const FETCH = { apiKey: 1, apiVersion: 11, apiName: 'Fetch' };
export const METADATA = { apiKey: 3, apiVersion: 10, apiName: 'Metadata' };
/** Room for what kafkajs puts in front of a request: lengths, kind, number, the client's name. */
const FRONT_BYTES = 256;
const ALL_IN_SYNC = -1;
const CONSUMER = -1;
/** Transactions are not used here; what others write so is seen at once. */
const READ_UNCOMMITTED = 0;
/** Broker's codes, https://kafka.apache.org/protocol#protocol_error_codes */
export const NO_ERROR = 0;
export const OFFSET_OUT_OF_RANGE = 1;

/** Oldest versions of a broker's requests that this adapter speaks: Kafka 2.8. */
export function speaks(broker: Broker): boolean {
  return [PRODUCE, FETCH, METADATA].every(({ apiKey, apiVersion }) => {
    return (broker.versions[apiKey]?.maxVersion ?? 0) >= apiVersion;
  });
}

/** One batch for one partition, by the topic's name on the broker. */
export interface ProduceItem {
  readonly name: string;
  readonly partition: number;
  readonly batch: Buffer;
}

export interface ProduceResult {
  readonly name: string;
  readonly partition: number;
  readonly errorCode: number;
  readonly baseOffset: number;
  readonly timestampMs: number;
}

/** Writes batches, at most one per partition; resolves when all replicas in sync have them. */
export function produce(
  broker: Broker,
  items: readonly ProduceItem[],
  timeoutMs: number,
): Promise<readonly ProduceResult[]> {
  const bytes = items.reduce((sum, { batch }) => sum + batch.length, 0);
  const writer = new WireWriter(256 + items.length * 64 + bytes, FRONT_BYTES);
  writer.string(null).int16(ALL_IN_SYNC).int32(timeoutMs);
  writer.array(items, ({ name, partition, batch }) => {
    writer.string(name).int32(1).int32(partition).int32(batch.length).bytes(batch);
  });
  const request = protocol(PRODUCE, writer, readProduceAnswer);
  return answered(broker, broker.connectionPool.send(request));
}

function readProduceAnswer(reader: WireReader): readonly ProduceResult[] {
  return reader
    .array(() => {
      const name = reader.string() ?? '';
      return reader.array(() => {
        const partition = reader.int32();
        const errorCode = reader.int16();
        const baseOffset = reader.int64();
        const timestampMs = reader.int64();
        reader.skip(8);
        return { name, partition, errorCode, baseOffset, timestampMs };
      });
    })
    .flat();
}

export interface FetchItem {
  readonly name: string;
  readonly partition: number;
  readonly offset: number;
}

export interface FetchLimits {
  /** How long the broker may wait for a first byte. */
  readonly maxWaitMs: number;
  readonly maxBytes: number;
  readonly maxBytesPerPartition: number;
}

export interface FetchResult {
  readonly name: string;
  readonly partition: number;
  readonly errorCode: number;
  /** One past the last record that all replicas in sync have. */
  readonly endOffset: number;
  /** Record batches, the last one perhaps cut off. */
  readonly batches: Buffer;
}

/** Reads partitions that the broker leads. The first that holds anything gives a whole batch. */
export function fetchBatches(
  broker: Broker,
  items: readonly FetchItem[],
  limits: FetchLimits,
): Promise<readonly FetchResult[]> {
  const writer = new WireWriter(256 + items.length * 64);
  writer.int32(CONSUMER).int32(limits.maxWaitMs).int32(1).int32(limits.maxBytes);
  // No fetch session: each request says all it wants.
  writer.int8(READ_UNCOMMITTED).int32(0).int32(-1);
  writer.array(items, ({ name, partition, offset }) => {
    writer.string(name).int32(1).int32(partition).int32(-1);
    writer.int64(offset).int64(-1).int32(limits.maxBytesPerPartition);
  });
  writer.int32(0).string('');
  const request = protocol(FETCH, writer, readFetchAnswer);
  return answered(broker, broker.connectionPool.send(request));
}

function readFetchAnswer(reader: WireReader): readonly FetchResult[] {
  reader.skip(4 + 2 + 4);
  return reader
    .array(() => {
      const name = reader.string() ?? '';
      return reader.array(() => readFetchedPartition(reader, name));
    })
    .flat();
}

function readFetchedPartition(reader: WireReader, name: string): FetchResult {
  const partition = reader.int32();
  const errorCode = reader.int16();
  const endOffset = reader.int64();
  reader.skip(8 + 8);
  // Aborted transactions: a producer id and an offset each.
  reader.skip(Math.max(0, reader.int32()) * 16);
  reader.skip(4);
  const batches = reader.view(Math.max(0, reader.int32()));
  return { name, partition, errorCode, endOffset, batches };
}

/** A request whose body is written, for kafkajs to send. */
export function protocol<Answer>(
  api: { readonly apiKey: number; readonly apiVersion: number; readonly apiName: string },
  body: WireWriter,
  read: (reader: WireReader) => Answer,
): Protocol<Answer> {
  return {
    request: {
      ...api,
      async encode() {
        const encoder = new Encoder(0);
        encoder.buf = body.take();
        encoder.offset = encoder.buf.length;
        encoder.front = body.front;
        return encoder;
      },
    },
    response: {
      decode: async (payload) => read(new WireReader(payload)),
      parse: async (answer) => answer,
    },
  };
}
