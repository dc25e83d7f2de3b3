/**
 * Writes what has changed to snapshots.v1, some subjects after each turn. Every append is atomic and
 * carries its entries and a manifest that speaks for all entries there are then, so that a process
 * may die between any two. The manifest moves on with the last append of a round; until then entries
 * are ahead of it, and who restores folds on top what each entry does not hold yet. Where two
 * processes write, the snapshot agrees with neither and is refused when it is read.
 *
 * A snapshot is a cache: where it cannot be written, that is said, and deciding goes on.
 */
import type { NewRecord } from '@estop/log/port';
import type { ChainWriter } from '@estop/log/run/chain-writer';
import type { EntryHashes } from '@estop/log/run/entry-hashes';
import { messageOf } from '@estop/schemas/errors';
import { isLimitSubject, type SubjectId } from '@estop/schemas/ids';
import type { PartitionState } from '../../domain/state.ts';
import type { PartitionDeps } from '../partition-context.ts';
import { Round } from './round.ts';
import { manifestRecord, SNAPSHOT_FORMAT, type SnapshotPosition } from './snapshot-entries.ts';

/** When a round begins, and how much of it goes with one turn. */
export interface SnapshotPace {
  /** After a takeover: other partitions still fold, and whoever has waited for this one comes first. */
  readonly firstRoundMs: number;
  readonly roundRecords: number;
  readonly quietRoundRecords: number;
  readonly quietMs: number;
  /** Subjects in one append, unless the turn decided more inputs: a turn is never doubled. */
  readonly appendSubjects: number;
}

/**
 * A round begins after so many records, so that a crash leaves little to fold, and not before the
 * audit log has grown by half of what the last round wrote: at most two bytes here for each byte
 * there, where decisions and views take about one and a half. In a quiet moment it begins earlier: it
 * delays nobody.
 */
const PACE: SnapshotPace = {
  firstRoundMs: 10_000,
  roundRecords: 10_000,
  quietRoundRecords: 1_000,
  quietMs: 5_000,
  appendSubjects: 64,
};
const BYTES_PER_AUDIT_BYTE = 2;
const STALE_PER_APPEND = 400;
/** Appends on their way at the same time. */
const APPENDS_MAX = 4;

/** What stands on the topic when a partition is taken over. */
export interface SnapshotBase {
  readonly hashes: EntryHashes;
  /** Of the manifest; null without one. */
  readonly position: SnapshotPosition | null;
  /** Keys that must go before anything is written. */
  readonly stale: readonly string[];
  readonly nextOffset: number;
  readonly pace?: SnapshotPace;
}

/** What a turn has made. */
export interface Turn {
  readonly inputs: number;
  /** The records that the state holds. */
  readonly proven: Promise<void>;
  /** The effects of every audit record below are out. */
  readonly releasedOffset: number;
}

export class SnapshotWriter {
  readonly #deps: Pick<PartitionDeps, 'log' | 'clock' | 'logger'>;
  readonly #state: PartitionState;
  readonly #hashes: EntryHashes;
  readonly #pace: SnapshotPace;
  readonly #openedMs: number;
  #position: SnapshotPosition | null;
  #stale: readonly string[];
  #nextOffset: number;
  #changed = new Set<SubjectId>();
  #records = 0;
  #bytes = 0;
  #lastRoundBytes = 0;
  #seen = { records: 0, atMs: 0 };
  #releasedOffset = 0;
  #round: Round | null = null;
  #appending: Promise<void> = Promise.resolve();
  #appends = 0;
  #isStopped = false;

  constructor(
    deps: Pick<PartitionDeps, 'log' | 'clock' | 'logger'>,
    state: PartitionState,
    base: SnapshotBase,
  ) {
    this.#deps = deps;
    this.#state = state;
    this.#hashes = base.hashes;
    this.#pace = base.pace ?? PACE;
    this.#openedMs = deps.clock.monotonicMs();
    this.#position = base.position;
    this.#stale = base.stale;
    this.#nextOffset = base.nextOffset;
  }

  /** True in the midst of a round: there is more to write after the next turn. */
  get isWriting(): boolean {
    return this.#round !== null && !this.#isStopped;
  }

  /** A record was applied to the state. */
  applied(subject: SubjectId | null, bytes: number): void {
    this.#records += 1;
    this.#bytes += bytes;
    // Shared limits are kept with the partition.
    if (subject !== null && !isLimitSubject(subject)) this.#changed.add(subject);
  }

  /**
   * Takes a bounded number of changed subjects from the state as it is, and appends them when the
   * records they rest on are proven. Does nothing while too many are on their way.
   */
  step(writer: ChainWriter, turn: Turn): void {
    if (this.#isStopped || this.#appends >= APPENDS_MAX) return;
    if (this.#round === null && !this.#isDue()) return;
    this.#append(writer, turn, Math.max(this.#pace.appendSubjects, turn.inputs));
  }

  /** Writes all that has changed, for whoever takes the partition over. */
  async finish(writer: ChainWriter, turn: Omit<Turn, 'inputs'>): Promise<void> {
    await this.#appending;
    while (!this.#isStopped && (this.#round !== null || this.#records > 0)) {
      this.#append(writer, turn, Number.POSITIVE_INFINITY);
      await this.#appending;
    }
  }

  #isDue(): boolean {
    const nowMs = this.#deps.clock.monotonicMs();
    if (this.#seen.records !== this.#records) this.#seen = { records: this.#records, atMs: nowMs };
    if (BYTES_PER_AUDIT_BYTE * this.#bytes < this.#lastRoundBytes) return false;
    const { firstRoundMs, quietMs, quietRoundRecords, roundRecords } = this.#pace;
    if (nowMs - this.#openedMs < firstRoundMs) return false;
    const isQuiet = nowMs - this.#seen.atMs >= quietMs;
    return this.#records >= (isQuiet ? quietRoundRecords : roundRecords);
  }

  #append(writer: ChainWriter, turn: Omit<Turn, 'inputs'>, subjectsMax: number): void {
    this.#releasedOffset = turn.releasedOffset;
    const records = this.#nextRecords(writer, subjectsMax);
    this.#appends += 1;
    // In the order of the calls: proofs come in order, and so do appends to one partition.
    this.#appending = this.#appendProven(records, turn.proven)
      .catch((error: unknown) => this.#stop(messageOf(error)))
      .finally(() => {
        this.#appends -= 1;
      });
  }

  #nextRecords(writer: ChainWriter, subjectsMax: number): readonly NewRecord[] {
    this.#round ??= this.#begin(writer);
    if (this.#stale.length > 0) {
      const gone = this.#stale.slice(0, STALE_PER_APPEND);
      this.#stale = this.#stale.slice(STALE_PER_APPEND);
      return gone.map((key) => ({ key, value: null }));
    }
    const round = this.#round;
    const records = round.take(subjectsMax, writer.nextOffset);
    if (round.isOver) this.#end(round);
    return this.#position === null ? records : [...records, this.#manifest(this.#position, writer)];
  }

  #begin({ nextOffset, head }: ChainWriter): Round {
    const { log } = this.#deps;
    const context = { log, state: this.#state, hashes: this.#hashes };
    const round = new Round(context, { nextOffset, head }, this.#changed);
    this.#changed = new Set();
    this.#records = 0;
    this.#bytes = 0;
    return round;
  }

  #end(round: Round): void {
    this.#round = null;
    this.#lastRoundBytes = round.bytes;
    for (const subject of round.left) this.#changed.add(subject);
    if (round.isWhole) this.#position = round.position;
    else {
      const { partition } = this.#state;
      const text = 'too large for a snapshot: a restart folds the log since the one before';
      this.#deps.logger.warn({ partition, subjects: round.left }, text);
    }
  }

  #manifest(position: SnapshotPosition, { nextOffset, head }: SnapshotPosition): NewRecord {
    return manifestRecord(this.#deps.log, this.#state.partition, {
      ...position,
      format: SNAPSHOT_FORMAT,
      entries: this.#hashes.count,
      newest: { nextOffset, head },
      releasedOffset: this.#releasedOffset,
      stateHash: this.#hashes.combined,
    });
  }

  async #appendProven(records: readonly NewRecord[], proven: Promise<void>): Promise<void> {
    await proven;
    if (records.length === 0 || this.#isStopped) return;
    const { log } = this.#deps;
    const expected = this.#nextOffset;
    this.#nextOffset += records.length;
    const { baseOffset } = await log.append('snapshots.v1', this.#state.partition, records);
    if (baseOffset !== expected) throw new Error('another process writes it too');
  }

  #stop(problem: string): void {
    const { partition } = this.#state;
    this.#isStopped = true;
    this.#changed.clear();
    this.#deps.logger.error({ partition, problem }, 'no more snapshots until the next takeover');
  }
}
