/**
 * Records of snapshots.v1: one entry per agent, person and for the partition itself, and a manifest
 * that speaks for all of them. An entry larger than a record may be goes on in further ones.
 */

import type { ChainHead } from '@estop/log/chain';
import type { EventLog, NewRecord } from '@estop/log/port';
import type { SubjectId } from '@estop/schemas/ids';
import type { Snapshot } from '@estop/schemas/messages';
import { TOPICS } from '@estop/schemas/topics';

/** No agent's and no person's id holds a slash. */
export const MANIFEST_KEY = '/manifest';
export const PARTITION_KEY = '/partition';
/** Raised whenever an older version would read an entry wrongly, or this one an older entry. */
export const SNAPSHOT_FORMAT = 7;

const HASH_BYTES = 32;
const NO_HASH = Buffer.alloc(HASH_BYTES);
/** Of the state in one record; the rest is its key, its offset and its form. */
const PART_BYTES_MAX = TOPICS['snapshots.v1'].valueBytesMax - 4 * 1024;
const NEWLINE = 10;

export type EntryKey = SubjectId | typeof PARTITION_KEY;

/** Where a snapshot stands in the audit log. */
export interface SnapshotPosition {
  readonly nextOffset: number;
  readonly head: ChainHead;
}

export interface Manifest extends SnapshotPosition {
  readonly format: number;
  readonly entries: number;
  /** Entries may be ahead of the manifest: none holds a record from here on. */
  readonly newest: SnapshotPosition;
  /** The effects of every audit record below are out. */
  readonly releasedOffset: number;
  /** Of all entries together, hex. */
  readonly stateHash: string;
}

/** What an entry holds: the state's text, and what is to be known without reading it. */
export interface EntryContent {
  readonly offset: number;
  readonly dueMs: number | null;
  readonly text: string;
}

/** The key of a part of an entry; the first one stands under the subject's own. */
export function partKey(key: string, part: number): string {
  return part === 0 ? key : `${key}/${part}`;
}

/** The records of one entry, to be appended together. */
export function entryRecords(
  log: EventLog,
  partition: number,
  { key, offset, dueMs, text }: EntryContent & { readonly key: EntryKey },
): readonly NewRecord[] {
  const codec = log.codec('snapshots.v1');
  const textBytes = Buffer.byteLength(text);
  const parts = Math.max(1, Math.ceil((textBytes + HASH_BYTES) / PART_BYTES_MAX));
  const state = Buffer.from(`${JSON.stringify([parts, dueMs])}\n${text}`);
  return Array.from({ length: parts }, (_, part) => {
    const own = state.subarray(part * PART_BYTES_MAX, (part + 1) * PART_BYTES_MAX);
    const subject = partKey(key, part);
    const about = { subject, partition, offset, head: NO_HASH, stateHash: '' };
    return { key: subject, value: codec.encode({ ...about, state: own }) };
  });
}

export function manifestRecord(log: EventLog, partition: number, manifest: Manifest): NewRecord {
  const { format, entries, releasedOffset, stateHash, nextOffset, head } = manifest;
  const newest = positionRow(manifest.newest);
  const about = { format, entries, newest, releasedOffset, seq: head.seq };
  const state = Buffer.from(JSON.stringify(about));
  const value = { subject: MANIFEST_KEY, partition, offset: nextOffset, head: head.hash };
  return {
    key: MANIFEST_KEY,
    value: log.codec('snapshots.v1').encode({ ...value, stateHash, state }),
  };
}

/** Undefined when it is no manifest of any format. */
export function readManifest({ offset, head, stateHash, state }: Snapshot): Manifest | undefined {
  const about: unknown = JSON.parse(Buffer.from(state).toString('utf8'));
  if (typeof about !== 'object' || about === null) return undefined;
  const { format, entries, newest, releasedOffset, seq } = about as Readonly<
    Record<string, unknown>
  >;
  const isManifest = [format, entries, releasedOffset, seq].every((field) =>
    Number.isSafeInteger(field),
  );
  if (!isManifest || offset < 1) return undefined;
  const position = { nextOffset: offset, head: { seq: Number(seq), hash: Buffer.from(head) } };
  return {
    ...position,
    format: Number(format),
    entries: Number(entries),
    newest: readPosition(newest) ?? position,
    releasedOffset: Number(releasedOffset),
    stateHash,
  };
}

type PositionRow = readonly [nextOffset: number, seq: number, hash: string];

function positionRow({ nextOffset, head }: SnapshotPosition): PositionRow {
  return [nextOffset, head.seq, head.hash.toString('hex')];
}

function readPosition(row: unknown): SnapshotPosition | undefined {
  const [nextOffset, seq, hash] = Array.isArray(row) ? row : [];
  if (!Number.isSafeInteger(nextOffset) || !Number.isSafeInteger(seq)) return undefined;
  const head = { seq: Number(seq), hash: Buffer.from(String(hash), 'hex') };
  return { nextOffset: Number(nextOffset), head };
}

/** An entry as it was read, whose text is made when it is asked for. */
export class StoredEntry {
  readonly offset: number;
  readonly dueMs: number | null;
  readonly parts: number;
  readonly #state: Uint8Array[];
  readonly #start: number;

  /** `first` is the state in the first record, `part` finds those in the others. */
  constructor(offset: number, first: Uint8Array, part: (part: number) => Uint8Array) {
    const line = first.indexOf(NEWLINE);
    const header: unknown = JSON.parse(bufferOf(first).toString('latin1', 0, Math.max(0, line)));
    const [parts, dueMs] = Array.isArray(header) ? header : [];
    this.offset = offset;
    this.dueMs = typeof dueMs === 'number' ? dueMs : null;
    this.parts = Number.isSafeInteger(parts) ? parts : 1;
    this.#state = [first];
    for (let number = 1; number < this.parts; number += 1) this.#state.push(part(number));
    this.#start = line + 1;
  }

  text(): string {
    const [only] = this.#state;
    const isWhole = this.#state.length === 1 && only !== undefined;
    const whole = isWhole ? bufferOf(only) : Buffer.concat(this.#state);
    return whole.toString('utf8', this.#start);
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  if (Buffer.isBuffer(bytes)) return bytes;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
