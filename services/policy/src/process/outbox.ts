/**
 * What a partition has decided on its way out: audit records first, and only once they are proven
 * the decisions, views and dead letters that rest on them.
 */
import type { Batch } from '@estop/log/port';
import type { ChainWriter } from '@estop/log/run/chain-writer';
import type { SubjectId } from '@estop/schemas/ids';
import type { AuditRecord, Decision } from '@estop/schemas/messages';
import { agentView } from '../domain/agent-view.ts';
import { decisionsOf } from '../domain/decisions-of.ts';
import type { Fleet } from '../domain/fleet.ts';
import { limitsLeft } from '../domain/limits-left.ts';
import { concernsShared } from '../domain/shared/concerns-shared.ts';
import { messagesOf, sharedLimitsIn } from '../domain/shared/messages.ts';
import type { FoldedRecord } from '../domain/snapshot/restore.ts';
import type { PartitionState } from '../domain/state.ts';
import { deadLetterBatches, type Effects, effectBatches, noEffects } from './effects.ts';
import type { LogTime } from './log-time.ts';
import { OwedEffects } from './owed-effects.ts';
import type { PartitionDeps } from './partition-context.ts';
import { BATCH_RECORDS_MAX } from './recent-records.ts';
import { ViewPacer } from './view-pacer.ts';

/** Of so many earlier records the owed effects leave with a turn that makes no record. */
const OWED_PER_TURN = 32;
/**
 * And of so many for each record that it makes. A process that dies now leaves what is owed and what
 * it has made to the next, which looks at the newest records alone: owed effects must be out before
 * new records push theirs beyond that.
 */
const OWED_PER_RECORD = 8;

interface Decider {
  readonly state: PartitionState;
  readonly fleet: () => Fleet | null;
  readonly time: LogTime;
}

interface Prepared {
  readonly letters: readonly Batch[];
  readonly batches: readonly Batch[];
  readonly count: () => void;
}

export class Outbox {
  readonly #deps: PartitionDeps;
  /** Records since the last batch was handed over. */
  #made = 0;
  readonly #decider: Decider;
  readonly #pacer: ViewPacer;
  #effects: Effects = noEffects();
  #proven: Promise<void> = Promise.resolve();
  #published: Promise<void> = Promise.resolve();
  #releasedOffset = 0;
  #owed = new OwedEffects();

  constructor(deps: PartitionDeps, decider: Decider) {
    this.#deps = deps;
    this.#decider = decider;
    this.#pacer = new ViewPacer(deps.clock);
  }

  /** There are as many records as one batch may have. */
  get isFull(): boolean {
    return this.#made >= BATCH_RECORDS_MAX;
  }

  /** What the turn has made so far. */
  get effects(): Effects {
    return this.#effects;
  }

  /** The last batch handed to the log, and before it the effects of the one before. */
  get proven(): Promise<void> {
    return this.#proven;
  }

  /** The effects of the last batch. */
  get published(): Promise<void> {
    return this.#published;
  }

  /** The effects of every audit record below this offset are out. */
  get releasedOffset(): number {
    return this.#releasedOffset;
  }

  /** True when no view waits to be published. */
  get isSettled(): boolean {
    return this.#pacer.isEmpty;
  }

  /** True while effects of records before the takeover wait for the next turn. */
  get isOwing(): boolean {
    return !this.#owed.isEmpty;
  }

  /** Notes what follows from a record, to leave once it is proven. */
  release(record: AuditRecord, offset: number): void {
    const { decisions } = this.#effects;
    this.#made += 1;
    this.#releaseToLimits(record, offset);
    if (record.subject !== null) this.#change(record.subject, offset);
    for (const decision of decisionsOf(this.#decider.state, record)) decisions.push(decision);
  }

  /**
   * Releases the effects of records that the writer before has proven, who may not have lived to
   * publish them. What other partitions wait for leaves at once; decisions and views are owed, and
   * leave some with each turn: to read thousands of agents first would keep those waiting who ask now.
   */
  releaseAgain(recent: readonly FoldedRecord[]): void {
    for (const folded of recent) {
      if (concernsShared(folded.heading())) this.#releaseToLimits(folded.record, folded.offset);
    }
    this.#owed = new OwedEffects(recent);
  }

  #releaseToLimits({ events }: AuditRecord, offset: number): void {
    const { messages } = this.#effects;
    for (const event of events) {
      for (const body of messagesOf(event)) messages.push(body);
      for (const limit of sharedLimitsIn(event)) this.#change(limit, offset);
    }
  }

  #change(subject: SubjectId, offset: number): void {
    this.#effects.changed.set(subject, offset);
    this.#owed.changed(subject);
  }

  /** Releases the next of what is owed, at the end of a turn. */
  releaseOwed(): void {
    if (this.#owed.isEmpty) return;
    const { changed, decisions } = this.#effects;
    const count = Math.max(OWED_PER_TURN, OWED_PER_RECORD * this.#made);
    const { records, views } = this.#owed.take(count);
    for (const [subject, offset] of views) changed.set(subject, offset);
    for (const record of records) {
      for (const decision of decisionsOf(this.#decider.state, record)) decisions.push(decision);
    }
  }

  /**
   * Hands what was decided to the log and goes on: the next batch is decided while this one is on
   * its way. At most one batch is unproven when the next is handed over. Nothing leaves before the
   * audit records it rests on are proven; but for dead letters, which leave before the records of
   * later inputs: those say that the input was taken, and nothing else does.
   */
  async handOver(writer: ChainWriter): Promise<void> {
    const { letters, batches, count } = this.#prepare();
    const isAllOut = this.#pacer.isEmpty && this.#owed.isEmpty;
    const releasedOffset = isAllOut ? writer.nextOffset : 0;
    await this.#proven;
    if (letters.length > 0) await writer.appendFirst(letters);
    const published = this.#published;
    const { head } = writer;
    const { proven, complete } = writer.commit(batches);
    this.#proven = Promise.all([proven, published]).then(([stampedMs]) => {
      this.#deps.provenHeads.set(this.#decider.state.partition, head);
      if (stampedMs !== null) this.#decider.time.saw(stampedMs);
    });
    this.#published = complete.then(() => {
      count();
      this.#releasedOffset = Math.max(this.#releasedOffset, releasedOffset);
    });
    // A failure surfaces at the next await; until then it must not count as unhandled.
    this.#proven.catch(() => undefined);
    this.#published.catch(() => undefined);
  }

  /** Reads everything from the state now: by the time it leaves, the state has run ahead. */
  #prepare(): Prepared {
    const { log, metrics } = this.#deps;
    const { state } = this.#decider;
    const { partition } = state;
    const { changed, decisions: made, deadLetters, messages } = this.#effects;
    this.#effects = noEffects();
    this.#made = 0;
    const decisions = made.map((decision) => this.#withLimits(decision));
    const fleet = this.#decider.fleet();
    const views = this.#pacer.due(changed).map(([subject, offset]) => {
      return agentView(state, fleet, { subject, record: { partition, offset } });
    });
    const batches = effectBatches(log, partition, { decisions, views, messages });
    const letters = deadLetterBatches(log, deadLetters);
    return { letters, batches, count: metrics.tally(decisions, deadLetters) };
  }

  #withLimits(decision: Decision): Decision {
    const { state } = this.#decider;
    const agent = state.agentById.get(decision.agentId);
    if (agent === undefined) return decision;
    const { tool } = decision;
    const limits = limitsLeft(this.#decider.fleet(), { state, agent }, { tool, atMs: state.atMs });
    return limits.length === 0 ? decision : { ...decision, limits };
  }
}
