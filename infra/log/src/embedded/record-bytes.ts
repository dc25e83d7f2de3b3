/** Records as LMDB keeps them: keys that sort by topic, partition, offset. */
import type { Topic } from '@estop/schemas/topics';
import { TOPICS } from '@estop/schemas/topics';
import type { Headers, NewRecord, StoredRecord } from '../port.ts';

const KEY_BYTES = 9;
const OFFSET_BYTES = 6;
const TIMESTAMP_BYTES = 6;
/** What a record costs in memory besides its texts and bytes, about. */
export const RECORD_OVERHEAD_BYTES = 128;
const NO_VALUE = 0xffffffff;
export const NO_HEADERS: Headers = Object.freeze({});
/** A topic's number is for ever: append new topics at the end of the table in schemas. */
const TOPIC_NUMBERS = new Map(Object.keys(TOPICS).map((topic, index) => [topic, index]));

/** Largest offset that fits. */
export const OFFSET_MAX = 2 ** (OFFSET_BYTES * 8) - 1;

/** A record in the form of the file, but for its time, which the log stamps when it writes it. */
export interface EncodedRecord {
  readonly key: string;
  readonly headers: Headers;
  readonly bytes: Buffer;
  /** Of the encoded bytes, so that the caller may reuse its own. */
  readonly value: Buffer | null;
}

export function recordKey(topic: Topic, partition: number, offset: number): Buffer {
  const key = Buffer.allocUnsafe(KEY_BYTES);
  key[0] = TOPIC_NUMBERS.get(topic) ?? 0;
  key.writeUInt16BE(partition, 1);
  key.writeUIntBE(offset, 3, OFFSET_BYTES);
  return key;
}

/** Sorts before every key of the partition: LMDB leaves out the far end of a range. */
export function partitionPrefix(topic: Topic, partition: number): Buffer {
  return recordKey(topic, partition, 0).subarray(0, KEY_BYTES - OFFSET_BYTES);
}

export function offsetOfKey(key: Buffer): number {
  return key.readUIntBE(3, OFFSET_BYTES);
}

/** Room for the time, then key, headers as JSON and value, each with its length in front. */
export function encodeRecord({ key, value, headers = NO_HEADERS }: NewRecord): EncodedRecord {
  const headerText = headers === NO_HEADERS ? '' : JSON.stringify(headers);
  const keyBytes = Buffer.byteLength(key);
  const headerBytes = Buffer.byteLength(headerText);
  const size = TIMESTAMP_BYTES + 4 + keyBytes + 4 + headerBytes + 4 + (value?.length ?? 0);
  const bytes = Buffer.allocUnsafe(size);
  let at = bytes.writeUInt32BE(keyBytes, TIMESTAMP_BYTES);
  at += bytes.write(key, at);
  at = bytes.writeUInt32BE(headerBytes, at);
  at += bytes.write(headerText, at);
  at = bytes.writeUInt32BE(value === null ? NO_VALUE : value.length, at);
  if (value === null) return { key, headers, bytes, value };
  bytes.set(value, at);
  return { key, headers, bytes, value: bytes.subarray(at) };
}

/** Writes the time into an encoded record. */
export function stampRecord(bytes: Buffer, timestampMs: number): void {
  bytes.writeUIntBE(timestampMs, 0, TIMESTAMP_BYTES);
}

export function timestampOf(bytes: Buffer): number {
  return bytes.readUIntBE(0, TIMESTAMP_BYTES);
}

/** The value is a view of the bytes given. */
export function decodeRecord(
  bytes: Buffer,
  position: Pick<StoredRecord, 'topic' | 'partition' | 'offset'>,
): StoredRecord {
  const { topic, partition, offset } = position;
  const timestampMs = timestampOf(bytes);
  let at = TIMESTAMP_BYTES;
  const keyBytes = bytes.readUInt32BE(at);
  const key = bytes.toString('utf8', at + 4, at + 4 + keyBytes);
  at += 4 + keyBytes;
  const headerBytes = bytes.readUInt32BE(at);
  const headerText = bytes.toString('utf8', at + 4, at + 4 + headerBytes);
  at += 4 + headerBytes;
  const valueBytes = bytes.readUInt32BE(at);
  const value = valueBytes === NO_VALUE ? null : bytes.subarray(at + 4, at + 4 + valueBytes);
  const headers: Headers = headerText === '' ? NO_HEADERS : JSON.parse(headerText);
  return { topic, partition, offset, timestampMs, key, value, headers };
}
