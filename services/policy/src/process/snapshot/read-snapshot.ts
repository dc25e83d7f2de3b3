/**
 * Reading a snapshot at takeover. It is a cache: it agrees with itself and with the audit log to the
 * last bit, or it is no snapshot, whatever the reason.
 */
import type { EventLog, StoredRecord } from '@estop/log/port';
import { CHAIN_START, type ChainPosition, readChainBefore } from '@estop/log/run/chain-reader';
import { EntryHashes } from '@estop/log/run/entry-hashes';
import { readNewest } from '@estop/log/run/read-newest';
import { EstopError } from '@estop/schemas/errors';
import { parseSubject, type SubjectId } from '@estop/schemas/ids';
import type { Snapshot as SnapshotMessage } from '@estop/schemas/messages';
import type { Snapshot } from '../../domain/snapshot/restore.ts';
import {
  MANIFEST_KEY,
  type Manifest,
  PARTITION_KEY,
  partKey,
  readManifest,
  SNAPSHOT_FORMAT,
  type SnapshotPosition,
  StoredEntry,
} from './snapshot-entries.ts';

/** What stands on snapshots.v1 of a partition. */
export interface SnapshotTopic {
  /** Every key with a value, the manifest's too. */
  readonly keys: readonly string[];
  readonly nextOffset: number;
}

export type ReadSnapshot = SnapshotTopic &
  (
    | { readonly kind: 'none' }
    /** It may not be trusted: what disagreed. */
    | { readonly kind: 'refused'; readonly disagreement: string }
    | {
        readonly kind: 'read';
        readonly snapshot: Snapshot;
        readonly manifest: Manifest;
        readonly hashes: EntryHashes;
      }
  );

/** Why a snapshot may not be trusted. */
class Disagreement extends Error {
  override readonly name = 'Disagreement';
}

export async function readSnapshot(log: EventLog, partition: number): Promise<ReadSnapshot> {
  const { newest, nextOffset } = await readNewest(log, 'snapshots.v1', partition);
  const topic = { keys: [...newest.keys()], nextOffset };
  const stored = newest.get(MANIFEST_KEY);
  if (stored === undefined) return { kind: 'none', ...topic };
  newest.delete(MANIFEST_KEY);
  try {
    const manifest = agreeingManifest(log, partition, stored);
    const hashes = hashesOf(newest, manifest);
    const snapshot = assemble(log, partition, { newest, manifest });
    await agreeWithLog(log, partition, { snapshot, manifest });
    return { kind: 'read', snapshot, manifest, hashes, ...topic };
  } catch (error) {
    if (!isDisagreement(error)) throw error;
    return { kind: 'refused', disagreement: error.message, ...topic };
  }
}

function agreeingManifest(log: EventLog, partition: number, stored: StoredRecord): Manifest {
  if (!log.isLinked(stored)) throw new Disagreement('the manifest proves no writer');
  const message = decode(log, partition, stored);
  const manifest = readManifest(message);
  if (manifest?.format === SNAPSHOT_FORMAT) return manifest;
  const format = manifest?.format ?? 'none';
  throw new Disagreement(`its format is ${format}, this version reads ${SNAPSHOT_FORMAT}`);
}

function hashesOf(newest: ReadonlyMap<string, StoredRecord>, manifest: Manifest): EntryHashes {
  const hashes = new EntryHashes();
  for (const [key, { value }] of newest) if (value !== null) hashes.set(key, value);
  if (hashes.count !== manifest.entries) {
    throw new Disagreement(`it has ${hashes.count} entries, ${manifest.entries} were written`);
  }
  if (hashes.combined !== manifest.stateHash) {
    throw new Disagreement('the hash of its entries is not the one that was written');
  }
  return hashes;
}

function assemble(
  log: EventLog,
  partition: number,
  { newest, manifest }: { newest: ReadonlyMap<string, StoredRecord>; manifest: Manifest },
): Snapshot {
  const subjects = new Map<SubjectId, StoredEntry>();
  let whole: StoredEntry | undefined;
  let parts = 0;
  for (const [key, stored] of newest) {
    if (!log.isLinked(stored)) throw new Disagreement(`the entry ${key} proves no writer`);
    if (key !== PARTITION_KEY && key.includes('/')) continue;
    const { offset, state } = decode(log, partition, stored);
    const entry = new StoredEntry(offset, state, (part) => {
      const more = newest.get(partKey(key, part));
      if (more === undefined) throw new Disagreement(`part ${part} of the entry ${key} is missing`);
      return decode(log, partition, more).state;
    });
    parts += entry.parts;
    if (key === PARTITION_KEY) whole = entry;
    else if (parseSubject(key) === undefined) throw new Disagreement(`${key} is nobody`);
    else subjects.set(key as SubjectId, entry);
  }
  if (whole?.offset !== manifest.nextOffset) {
    throw new Disagreement('the entry of the partition is not of the manifest');
  }
  if (parts !== newest.size) throw new Disagreement('it holds parts of no entry');
  return { offset: manifest.nextOffset, partitionText: whole.text(), subjects };
}

/** The log is the source of truth: it must reach as far, and hold the very record named. */
async function agreeWithLog(
  log: EventLog,
  partition: number,
  { snapshot, manifest }: { readonly snapshot: Snapshot; readonly manifest: Manifest },
): Promise<void> {
  const [start, end] = await Promise.all([
    log.startOffset('audit.v1', partition),
    log.endOffset('audit.v1', partition),
  ]);
  if (start > CHAIN_START.nextOffset) throw new Disagreement('the audit log has lost its start');
  const newest = manifest.newest.nextOffset;
  if (newest > end) {
    throw new Disagreement(`it holds records up to ${newest}, the audit log ends at ${end}`);
  }
  for (const { offset } of snapshot.subjects.values()) {
    if (offset > newest)
      throw new Disagreement(`an entry is of ${offset}, the newest of ${newest}`);
  }
  for (const position of [manifest, manifest.newest]) await restsOn(log, partition, position);
}

async function restsOn(
  log: EventLog,
  partition: number,
  { nextOffset, head }: SnapshotPosition,
): Promise<void> {
  const before: ChainPosition = { nextOffset, head, voidRecords: 0 };
  const fromOffset = nextOffset - 1;
  const last = await readChainBefore(log, partition, { fromOffset, before });
  if (last !== undefined) return;
  throw new Disagreement(`the audit record at offset ${fromOffset} is not the one it rests on`);
}

function decode(log: EventLog, partition: number, { key, value }: StoredRecord): SnapshotMessage {
  const message = log.codec('snapshots.v1').decode(value ?? Buffer.alloc(0));
  if (message.subject !== key || message.partition !== partition) {
    throw new Disagreement(`the entry ${key} is of ${message.subject}/${message.partition}`);
  }
  return message;
}

function isDisagreement(error: unknown): error is Error {
  if (error instanceof Disagreement || error instanceof SyntaxError) return true;
  if (error instanceof RangeError) return true;
  // An id that is unknown here is one that the registry does not have: it was asked before.
  const isEstop = error instanceof EstopError;
  return isEstop && (error.code === 'value-malformed' || error.code === 'schema-unknown');
}
