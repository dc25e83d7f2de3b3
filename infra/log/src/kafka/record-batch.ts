/**
 * Kafka's record batch, format 2, written and read in one pass over one buffer: kafkajs makes
 * several objects per record, which costs 10 µs written and 3 µs read; this costs about a quarter.
 * Format: https://kafka.apache.org/documentation/#recordbatch
 */
import { EstopError } from '@estop/schemas/errors';
import { invariant } from '@estop/schemas/invariant';
import type { Topic } from '@estop/schemas/topics';
import type { Headers, NewRecord, StoredRecord } from '../port.ts';
import { crc32c } from './crc32c.ts';
import { varintSize, WireReader, WireWriter } from './wire-buffer.ts';

const MAGIC = 2;
const MAGIC_AT = 16;
const CRC_AT = 17;
const ATTRIBUTES_AT = 21;
const SEQUENCE_AT = 53;
/** Offset and length, in front of what the length counts. */
const PREFIX_BYTES = 12;
/** Everything before the first record. */
export const BATCH_HEADER_BYTES = 61;
const COMPRESSION_MASK = 0x07;
const LOG_APPEND_TIME = 0x08;
const CONTROL = 0x20;
/** Most a record adds to its key, value and headers. */
export const RECORD_OVERHEAD_BYTES = 32;

const NO_HEADERS: Headers = Object.freeze({});

/** Who writes, for the broker's check against doubles. */
export interface BatchIdentity {
  readonly producerId: bigint;
  readonly epoch: number;
  /** Sequence number of the first record. */
  readonly sequence: number;
}

/** Encodes records as one batch: the broker takes all of it or nothing. */
export function encodeBatch(records: readonly NewRecord[], sizeHint = 0): Buffer {
  const writer = new WireWriter(BATCH_HEADER_BYTES + sizeHint);
  const nowMs = Date.now();
  writer.int64(0).int32(0).int32(-1).int8(MAGIC).int32(0);
  // The broker replaces the times by its own (LogAppendTime). Identity follows in `identify`.
  writer
    .int16(0)
    .int32(records.length - 1)
    .int64(nowMs)
    .int64(nowMs);
  writer.int64(-1n).int16(-1).int32(-1).int32(records.length);
  for (const [index, record] of records.entries()) writeRecord(writer, record, index);
  const batch = writer.take();
  batch.writeInt32BE(batch.length - PREFIX_BYTES, 8);
  return batch;
}

/** Sets who writes, and the checksum over it. */
export function identify(batch: Buffer, identity: BatchIdentity): void {
  batch.writeBigInt64BE(identity.producerId, SEQUENCE_AT - 10);
  batch.writeInt16BE(identity.epoch, SEQUENCE_AT - 2);
  batch.writeInt32BE(identity.sequence, SEQUENCE_AT);
  batch.writeUInt32BE(crc32c(batch, ATTRIBUTES_AT), CRC_AT);
}

function writeRecord(writer: WireWriter, record: NewRecord, index: number): void {
  const { key, value, headers = NO_HEADERS } = record;
  const keyBytes = Buffer.byteLength(key);
  const valueBytes = value === null ? -1 : value.length;
  const names = Object.keys(headers);
  let size = 2 + varintSize(index) + varintSize(keyBytes) + keyBytes;
  size += varintSize(valueBytes) + Math.max(valueBytes, 0) + varintSize(names.length);
  for (const name of names) {
    const nameBytes = Buffer.byteLength(name);
    const textBytes = Buffer.byteLength(headers[name] ?? '');
    size += varintSize(nameBytes) + nameBytes + varintSize(textBytes) + textBytes;
  }
  // Attributes and the time's difference to the batch are both 0.
  writer.varint(size).int16(0).varint(index).varintString(key, keyBytes).varint(valueBytes);
  if (value !== null) writer.bytes(value);
  writer.varint(names.length);
  for (const name of names) {
    const text = headers[name] ?? '';
    writer.varintString(name, Buffer.byteLength(name));
    writer.varintString(text, Buffer.byteLength(text));
  }
}

/** Where fetched batches come from, and the first offset that is wanted of them. */
export interface FetchedFrom {
  readonly topic: Topic;
  readonly partition: number;
  readonly fromOffset: number;
}

/**
 * The records of fetched batches from an offset on, each made when it is taken: what waits to be
 * taken is bytes, which the garbage collector need not copy. Values are views of the bytes, not
 * copies. A batch cut off at the end is left for the next fetch; records of transaction markers are
 * passed over.
 */
export class FetchedRecords {
  /** One past the last offset that the batches cover, also where compaction took the records. */
  readonly nextOffset: number;
  readonly #from: FetchedFrom;
  readonly #reader: WireReader;
  readonly #batches: BatchHeader[] = [];
  #end = 0;
  #batch = 0;
  #index = 0;
  #left = 0;

  constructor(bytes: Buffer, from: FetchedFrom) {
    this.#from = from;
    this.#reader = new WireReader(bytes);
    let { fromOffset: nextOffset } = from;
    for (let at = 0; at + BATCH_HEADER_BYTES <= bytes.length; at = this.#end) {
      const end = at + PREFIX_BYTES + bytes.readInt32BE(at + 8);
      if (end > bytes.length || end <= at) break;
      const batch = readHeader(bytes, at, from.topic);
      nextOffset = Math.max(nextOffset, batch.lastOffset + 1);
      this.#end = end;
      if (batch.isControl || batch.count === 0) continue;
      this.#batches.push(batch);
      this.#left += batch.count;
    }
    this.nextOffset = nextOffset;
  }

  /** Records not yet taken; some of them may stand before the offset that is wanted. */
  get left(): number {
    return this.#left;
  }

  /** Of the batches, not yet taken. */
  get bytesLeft(): number {
    return this.#left === 0 ? 0 : this.#end - this.#reader.at;
  }

  /** The next records, at most so many. */
  take(maxRecords: number): StoredRecord[] {
    const records: StoredRecord[] = [];
    while (this.#left > 0 && records.length < maxRecords) {
      const record = this.#next();
      if (record.offset >= this.#from.fromOffset) records.push(record);
    }
    return records;
  }

  #next(): StoredRecord {
    const batch = this.#batches[this.#batch];
    invariant(batch !== undefined, 'records are left of some batch');
    if (this.#index === 0) this.#reader.at = batch.recordsAt;
    const record = readRecord(this.#reader, batch, this.#from);
    this.#left -= 1;
    this.#index += 1;
    if (this.#index === batch.count) {
      this.#batch += 1;
      this.#index = 0;
    }
    return record;
  }
}

interface BatchHeader {
  /** Where its first record begins. */
  readonly recordsAt: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly timestampMs: number;
  readonly isControl: boolean;
  readonly count: number;
}

function readHeader(bytes: Buffer, at: number, topic: Topic): BatchHeader {
  const attributes = bytes.readInt16BE(at + ATTRIBUTES_AT);
  if (bytes[at + MAGIC_AT] !== MAGIC || (attributes & COMPRESSION_MASK) !== 0) {
    // compression.type=uncompressed makes the broker unpack what others write packed.
    const text = `${topic} holds compressed or old batches; give it compression.type=uncompressed`;
    throw new EstopError('config-invalid', text);
  }
  const reader = new WireReader(bytes, at);
  const baseOffset = reader.int64();
  reader.at = at + ATTRIBUTES_AT + 2;
  const lastOffset = baseOffset + reader.int32();
  const firstTimestamp = reader.int64();
  const maxTimestamp = reader.int64();
  return {
    recordsAt: at + BATCH_HEADER_BYTES,
    baseOffset,
    lastOffset,
    timestampMs: (attributes & LOG_APPEND_TIME) === 0 ? firstTimestamp : maxTimestamp,
    isControl: (attributes & CONTROL) !== 0,
    count: bytes.readInt32BE(at + SEQUENCE_AT + 4),
  };
}

function readRecord(
  reader: WireReader,
  batch: BatchHeader,
  place: { readonly topic: Topic; readonly partition: number },
): StoredRecord {
  const size = reader.varint();
  const end = reader.at + size;
  reader.int8();
  reader.skipVarlong();
  const offset = batch.baseOffset + reader.varint();
  const keyBytes = reader.varint();
  const key = keyBytes < 0 ? '' : reader.text(keyBytes);
  const valueBytes = reader.varint();
  const value = valueBytes < 0 ? null : reader.view(valueBytes);
  const headers = readHeaders(reader);
  reader.at = end;
  const { topic, partition } = place;
  return { topic, partition, offset, timestampMs: batch.timestampMs, key, value, headers };
}

function readHeaders(reader: WireReader): Headers {
  const count = reader.varint();
  if (count <= 0) return NO_HEADERS;
  // Computed names and fromEntries define own properties: a header named __proto__ is only a header.
  if (count === 1) return { [reader.text(reader.varint())]: readText(reader) };
  const entries: [string, string][] = [];
  for (let index = 0; index < count; index += 1) {
    entries.push([reader.text(reader.varint()), readText(reader)]);
  }
  return Object.fromEntries(entries);
}

function readText(reader: WireReader): string {
  const size = reader.varint();
  return size < 0 ? '' : reader.text(size);
}
