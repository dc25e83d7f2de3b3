/** One round of a snapshot: the entries of all subjects that changed since the round before. */
import type { EventLog, NewRecord } from '@estop/log/port';
import type { EntryHashes } from '@estop/log/run/entry-hashes';
import { parseSubject, type SubjectId } from '@estop/schemas/ids';
import { partitionText } from '../../domain/snapshot/partition-entry.ts';
import { agentText, firstDueMs, personText } from '../../domain/snapshot/subject-entry.ts';
import type { PartitionState } from '../../domain/state.ts';
import {
  type EntryContent,
  type EntryKey,
  entryRecords,
  PARTITION_KEY,
  partKey,
  type SnapshotPosition,
} from './snapshot-entries.ts';

/** An append ends behind the subject that reaches this. */
const APPEND_BYTES = 2 * 1024 * 1024;
/** An append takes no more than this: whoever is larger alone is left to the fold. */
const APPEND_BYTES_MAX = 12 * 1024 * 1024;
/** Records of entries in one append, the manifest comes on top. */
const APPEND_RECORDS = 480;

interface RoundContext {
  readonly log: EventLog;
  readonly state: PartitionState;
  /** Kept up with what the round hands out. */
  readonly hashes: EntryHashes;
}

export class Round {
  /** Every record below is in the state that the round began with. */
  readonly position: SnapshotPosition;
  readonly #context: RoundContext;
  readonly #waiting: readonly SubjectId[];
  readonly #partitionText: string;
  readonly #left: SubjectId[] = [];
  #next = 0;
  #bytes = 0;
  #isWhole = false;

  /** Begins with the state as it is, which is that of the position. */
  constructor(context: RoundContext, position: SnapshotPosition, changed: Iterable<SubjectId>) {
    this.#context = context;
    this.position = position;
    this.#waiting = [...changed];
    this.#partitionText = partitionText(context.state);
  }

  /** Whether every entry was handed out; those `left` excepted. */
  get isOver(): boolean {
    return this.#next > this.#waiting.length;
  }

  /** Whether it was handed out to the last entry, so that the manifest may name its position. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Of all entries handed out. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Who is too large for an append. */
  get left(): readonly SubjectId[] {
    return this.#left;
  }

  /** The next entries, at most of so many subjects, as of the offset that the state is at. */
  take(subjectsMax: number, offset: number): readonly NewRecord[] {
    const records: NewRecord[] = [];
    let bytes = 0;
    const end = Math.min(this.#next + subjectsMax, this.#waiting.length);
    while (this.#next < end && bytes < APPEND_BYTES && records.length < APPEND_RECORDS) {
      const subject = this.#waiting[this.#next];
      if (subject === undefined) break;
      const entry = this.#recordsOf(subject, this.#contentOf(subject, offset));
      const size = sizeOf(entry);
      if (size > APPEND_BYTES_MAX) this.#left.push(subject);
      else if (bytes > 0 && bytes + size > APPEND_BYTES_MAX) break;
      else {
        this.#hand(entry);
        records.push(...entry);
        bytes += size;
      }
      this.#next += 1;
    }
    if (this.#next === this.#waiting.length && bytes < APPEND_BYTES) {
      records.push(...this.#partition());
    }
    this.#bytes += sizeOf(records);
    return records;
  }

  #partition(): readonly NewRecord[] {
    this.#next += 1;
    if (this.#left.length > 0) return [];
    const content = { offset: this.position.nextOffset, dueMs: null, text: this.#partitionText };
    const entry = this.#recordsOf(PARTITION_KEY, content);
    if (sizeOf(entry) > APPEND_BYTES_MAX) return [];
    this.#hand(entry);
    this.#isWhole = true;
    return entry;
  }

  /** Undefined when there is no such subject any more. */
  #contentOf(subjectId: SubjectId, offset: number): EntryContent | undefined {
    const subject = parseSubject(subjectId);
    const { agentById, personById } = this.#context.state;
    if (subject?.kind === 'agent') {
      const agent = agentById.get(subject.id);
      if (agent === undefined) return undefined;
      return { offset, dueMs: firstDueMs(agent), text: agentText(agent) };
    }
    const person = subject?.kind === 'person' ? personById.get(subject.id) : undefined;
    return person === undefined ? undefined : { offset, dueMs: null, text: personText(person) };
  }

  /** The records of an entry, and tombstones for those that it had before and needs no more. */
  #recordsOf(key: EntryKey, content: EntryContent | undefined): readonly NewRecord[] {
    const { log, state, hashes } = this.#context;
    const records: NewRecord[] =
      content === undefined ? [] : [...entryRecords(log, state.partition, { key, ...content })];
    for (let part = records.length; hashes.has(partKey(key, part)); part += 1) {
      records.push({ key: partKey(key, part), value: null });
    }
    return records;
  }

  #hand(entry: readonly NewRecord[]): void {
    const { hashes } = this.#context;
    for (const { key, value } of entry) {
      if (value === null) hashes.delete(key);
      else hashes.set(key, value);
    }
  }
}

function sizeOf(records: readonly NewRecord[]): number {
  return records.reduce((bytes, { key, value }) => bytes + key.length + (value?.length ?? 0), 0);
}
