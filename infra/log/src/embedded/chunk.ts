/**
 * Records as LMDB keeps them: chunks of neighbours, under keys that sort by topic, partition and the
 * offset of the first. A chunk is a count, the time of its last record, and the records, each with
 * its length in front: time, key, headers as JSON and value, the latter three with their lengths.
 */
import type { Topic } from '@estop/schemas/topics';
import { TOPICS } from '@estop/schemas/topics';
import type { Headers, NewRecord, StoredRecord } from '../port.ts';

const KEY_BYTES = 9;
const OFFSET_BYTES = 6;
const TIMESTAMP_BYTES = 6;
const LENGTH_BYTES = 4;
const HEADER_BYTES = LENGTH_BYTES + TIMESTAMP_BYTES;
/** Of a record: its own length, its time, and the lengths of key, headers and value. */
const FIXED_BYTES = LENGTH_BYTES + TIMESTAMP_BYTES + 3 * LENGTH_BYTES;
/** What a record costs in memory besides its texts and bytes, about. */
export const RECORD_OVERHEAD_BYTES = 128;
/** Chunks are joined up to this size: a reader takes one whole. */
export const CHUNK_BYTES_MAX = 256 * 1024;
const NO_VALUE = 0xffffffff;
const NO_HEADERS: Headers = Object.freeze({});
/** A topic's number is for ever: append new topics at the end of the table in schemas. */
const TOPIC_NUMBERS = new Map(Object.keys(TOPICS).map((topic, index) => [topic, index]));

/** Largest offset that fits. */
export const OFFSET_MAX = 2 ** (OFFSET_BYTES * 8) - 1;

/** The key of the chunk that begins at an offset. */
export function chunkKey(topic: Topic, partition: number, offset: number): Buffer {
  const key = Buffer.allocUnsafe(KEY_BYTES);
  key[0] = TOPIC_NUMBERS.get(topic) ?? 0;
  key.writeUInt16BE(partition, 1);
  key.writeUIntBE(offset, 3, OFFSET_BYTES);
  return key;
}

/** Sorts before every key of the partition: LMDB leaves out the far end of a range. */
export function partitionPrefix(topic: Topic, partition: number): Buffer {
  return chunkKey(topic, partition, 0).subarray(0, KEY_BYTES - OFFSET_BYTES);
}

export function offsetOfKey(key: Buffer): number {
  return key.readUIntBE(3, OFFSET_BYTES);
}

/** Where the records of a chunk stand. */
interface Place extends Pick<StoredRecord, 'topic' | 'partition'> {
  readonly firstOffset: number;
}

/**
 * One chunk of new records, and the records as readers see them: their values are views of the
 * chunk, so that the caller may reuse its own bytes.
 */
export function encodeChunk(
  records: readonly NewRecord[],
  { topic, partition, firstOffset }: Place,
  timestampMs: number,
): { readonly bytes: Buffer; readonly stored: readonly StoredRecord[] } {
  const headerTexts = records.map(({ headers }) => textOf(headers));
  let size = HEADER_BYTES;
  for (let index = 0; index < records.length; index += 1) {
    size += sizeOf(records[index], headerTexts[index]);
  }
  const bytes = Buffer.allocUnsafe(size);
  writeHeader(bytes, records.length, timestampMs);
  const stored: StoredRecord[] = [];
  let at = HEADER_BYTES;
  for (const { key, value, headers = NO_HEADERS } of records) {
    const start = at;
    at = bytes.writeUIntBE(timestampMs, start + LENGTH_BYTES, TIMESTAMP_BYTES);
    at = writeText(bytes, at, key);
    at = writeText(bytes, at, headerTexts[stored.length] ?? '');
    at = bytes.writeUInt32BE(value === null ? NO_VALUE : value.length, at);
    let own: Buffer | null = null;
    if (value !== null) {
      bytes.set(value, at);
      own = bytes.subarray(at, at + value.length);
      at += value.length;
    }
    bytes.writeUInt32BE(at - start - LENGTH_BYTES, start);
    const offset = firstOffset + stored.length;
    stored.push({ topic, partition, offset, timestampMs, key, value: own, headers });
  }
  return { bytes, stored };
}

/** Neighbours as one chunk. */
export function joinChunks(chunks: readonly Buffer[]): Buffer {
  const [first] = chunks;
  if (first !== undefined && chunks.length === 1) return first;
  let count = 0;
  let timestampMs = 0;
  let size = HEADER_BYTES;
  for (const chunk of chunks) {
    count += countOf(chunk);
    timestampMs = lastTimestampOf(chunk);
    size += chunk.length - HEADER_BYTES;
  }
  const bytes = Buffer.allocUnsafe(size);
  writeHeader(bytes, count, timestampMs);
  let at = HEADER_BYTES;
  for (const chunk of chunks) at += chunk.copy(bytes, at, HEADER_BYTES);
  return bytes;
}

/** How many records a chunk holds. */
export function countOf(chunk: Buffer): number {
  return chunk.readUInt32BE(0);
}

/** When the last record of a chunk was stamped; times only grow. */
export function lastTimestampOf(chunk: Buffer): number {
  return chunk.readUIntBE(LENGTH_BYTES, TIMESTAMP_BYTES);
}

/** The records of a chunk from an offset on, at most so many; values are views of the bytes. */
export function decodeChunk(
  chunk: Buffer,
  place: Place,
  wanted: { readonly fromOffset: number; readonly maxRecords: number },
): StoredRecord[] {
  const records: StoredRecord[] = [];
  const count = countOf(chunk);
  let at = HEADER_BYTES;
  for (let index = 0; index < count && records.length < wanted.maxRecords; index += 1) {
    const offset = place.firstOffset + index;
    const end = at + LENGTH_BYTES + chunk.readUInt32BE(at);
    if (offset >= wanted.fromOffset) records.push(readRecord(chunk, at, { ...place, offset }));
    at = end;
  }
  return records;
}

/** What compaction must know of a record. */
export type KeyedRecord = Pick<StoredRecord, 'key' | 'offset' | 'timestampMs'> & {
  readonly isTombstone: boolean;
};

/** The keys of a chunk's records, without the values: a quarter of the cost. */
export function keysOf(chunk: Buffer, firstOffset: number): KeyedRecord[] {
  const records: KeyedRecord[] = [];
  const count = countOf(chunk);
  let at = HEADER_BYTES;
  for (let index = 0; index < count; index += 1) {
    const end = at + LENGTH_BYTES + chunk.readUInt32BE(at);
    const timestampMs = chunk.readUIntBE(at + LENGTH_BYTES, TIMESTAMP_BYTES);
    const keyStart = at + 2 * LENGTH_BYTES + TIMESTAMP_BYTES;
    const keyEnd = keyStart + chunk.readUInt32BE(keyStart - LENGTH_BYTES);
    const headersEnd = keyEnd + LENGTH_BYTES + chunk.readUInt32BE(keyEnd);
    const isTombstone = chunk.readUInt32BE(headersEnd) === NO_VALUE;
    const key = chunk.toString('utf8', keyStart, keyEnd);
    records.push({ key, offset: firstOffset + index, timestampMs, isTombstone });
    at = end;
  }
  return records;
}

function textOf(headers: Headers | undefined): string {
  return headers === undefined || headers === NO_HEADERS ? '' : JSON.stringify(headers);
}

function writeHeader(bytes: Buffer, count: number, timestampMs: number): void {
  bytes.writeUInt32BE(count, 0);
  bytes.writeUIntBE(timestampMs, LENGTH_BYTES, TIMESTAMP_BYTES);
}

function sizeOf(record: NewRecord | undefined, headerText: string | undefined): number {
  const keyBytes = Buffer.byteLength(record?.key ?? '');
  return (
    FIXED_BYTES + keyBytes + Buffer.byteLength(headerText ?? '') + (record?.value?.length ?? 0)
  );
}

function writeText(bytes: Buffer, at: number, text: string): number {
  const length = bytes.write(text, at + LENGTH_BYTES);
  bytes.writeUInt32BE(length, at);
  return at + LENGTH_BYTES + length;
}

function readRecord(
  bytes: Buffer,
  start: number,
  { topic, partition, offset }: Pick<StoredRecord, 'topic' | 'partition' | 'offset'>,
): StoredRecord {
  let at = start + LENGTH_BYTES;
  const timestampMs = bytes.readUIntBE(at, TIMESTAMP_BYTES);
  at += TIMESTAMP_BYTES;
  const keyEnd = at + LENGTH_BYTES + bytes.readUInt32BE(at);
  const key = bytes.toString('utf8', at + LENGTH_BYTES, keyEnd);
  const headersEnd = keyEnd + LENGTH_BYTES + bytes.readUInt32BE(keyEnd);
  const headerText = bytes.toString('utf8', keyEnd + LENGTH_BYTES, headersEnd);
  const valueBytes = bytes.readUInt32BE(headersEnd);
  at = headersEnd + LENGTH_BYTES;
  const value = valueBytes === NO_VALUE ? null : bytes.subarray(at, at + valueBytes);
  const headers: Headers = headerText === '' ? NO_HEADERS : JSON.parse(headerText);
  return { topic, partition, offset, timestampMs, key, value, headers };
}
