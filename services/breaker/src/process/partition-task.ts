/**
 * One partition while this process owns it: its audit records in order, by the chain rule, to the
 * watches of its agents; what is found goes to the decider as orders.
 */
import { extendsChain, headAfter } from '@estop/log/chain';
import type { Assignment, StoredRecord } from '@estop/log/port';
import { EstopError } from '@estop/schemas/errors';
import type { FleetRulesSource } from '../adapters/fleet-rules-source.ts';
import { PartitionWatch } from '../domain/watch/partition-watch.ts';
import type { WatchedAudit } from '../domain/watch/watched-event.ts';
import type { ReadPosition } from './entries.ts';
import { EntryWriter } from './entry-writer.ts';
import { restore } from './restore.ts';
import { Trips, type TripsDeps } from './trips.ts';
import { WATCHED_AUDIT } from './watched-audit.ts';
import { Watches } from './watches.ts';

const BATCH_RECORDS = 500;
const WAIT_MS = 1_000;
/** While entries are written, which leave with the turns. */
const WRITING_WAIT_MS = 5;

export interface PartitionDeps extends TripsDeps {
  readonly rules: FleetRulesSource;
}

export class PartitionTask {
  readonly #deps: PartitionDeps;
  readonly #assignment: Assignment;
  readonly #trips: Trips;
  #watch: PartitionWatch | null = null;
  #writer: EntryWriter | null = null;
  #reached: ReadPosition | null = null;
  /** Where the log ended when the partition was taken over. */
  #caughtUpAt = 0;
  #isReleased = false;

  constructor(deps: PartitionDeps, assignment: Assignment) {
    this.#deps = deps;
    this.#assignment = assignment;
    this.#trips = new Trips(deps, assignment.partition);
  }

  /** Owns the partition until the assignment's signal fires. */
  async run(): Promise<void> {
    try {
      await this.#takeOver();
      await this.#watchAll();
    } finally {
      // Whoever is next reads the entries: none of this run may come after that.
      await this.#writer?.idle();
    }
  }

  async #watchAll(): Promise<void> {
    while (!this.#assignment.signal.aborted) {
      this.#releaseWhenCaughtUp();
      const isWriting = this.#isReleased && this.#writer?.isWriting === true;
      const waitMs = isWriting ? WRITING_WAIT_MS : WAIT_MS;
      const records = await this.#assignment.next(BATCH_RECORDS, waitMs);
      await this.#take(records);
      const last = records.at(-1);
      if (last !== undefined) {
        this.#assignment.commit(new Map([['audit.v1', last.offset + 1]]));
      }
      // Without the log's answer nobody knows whether the orders are in it.
      if (records.length === 0) await this.#trips.settled();
      this.#trips.throwIfFailed();
      this.#step();
    }
    await this.#trips.settled();
    // An entry that is ahead of an order which nobody gave would lose it.
    if (this.#reached !== null && this.#isReleased) {
      await this.#writer?.finish(this.#reached, this.#settled);
    }
  }

  async #takeOver(): Promise<void> {
    const { log, logger, metrics } = this.#deps;
    const { partition } = this.#assignment;
    const restored = await restore(log, partition);
    const { position, disagreement } = restored;
    if (disagreement !== null) {
      metrics.rebuilds.inc();
      logger.error({ partition, disagreement }, 'entries are not believed: reading the whole log');
    }
    const watches = new Watches(log, restored.entryByAgent);
    this.#writer = new EntryWriter(this.#deps, { partition, ...restored }, watches);
    this.#watch = new PartitionWatch({
      watches,
      waiting: restored.waiting,
      at: position.at,
      onChange: ({ agentId }, told) => {
        if (told.length > 0) this.#trips.tell(agentId, told);
        this.#writer?.changed(agentId, told.length > 0);
      },
    });
    this.#reached = position;
    this.#caughtUpAt = await log.endOffset('audit.v1', partition);
    const start = await log.startOffset('audit.v1', partition);
    if (start > position.nextOffset || this.#caughtUpAt < position.nextOffset) {
      const detail = `audit.v1 partition ${partition} holds ${start} to ${this.#caughtUpAt}`;
      throw new EstopError('log-truncated', `${detail}, expected ${position.nextOffset}`);
    }
    const next = new Map([['audit.v1' as const, position.nextOffset]]);
    await this.#assignment.seek(next);
    this.#assignment.commit(next);
    logger.info({ partition, offset: position.nextOffset }, 'partition watched');
  }

  async #take(records: readonly StoredRecord[]): Promise<void> {
    const { log, metrics, rules } = this.#deps;
    const { signal } = this.#assignment;
    if (records.length === 0) return;
    await log.learnSchemas(records);
    const read = log.codec('audit.v1').reader<WatchedAudit>(WATCHED_AUDIT);
    for (const { value, offset } of records) {
      if (signal.aborted) return;
      const next = this.#nextOf(value, offset);
      if (next === undefined) continue;
      const record = read(next.value);
      const { policyHash, at } = record;
      // Known but for the first record of a fleet: nothing is waited for.
      const fleet = rules.known(policyHash) ?? (await rules.of(policyHash, signal));
      this.#watch?.take(record, { fleet, offset });
      this.#noteAnswers(record);
      this.#reached = { head: next.head, at, nextOffset: offset + 1 };
    }
    metrics.records.inc(records.length);
  }

  /** The value of a record of the chain, and the head after it; a void record is passed over. */
  #nextOf(value: Buffer | null, offset: number) {
    if (this.#reached === null || offset < this.#reached.nextOffset) return undefined;
    const { head, at } = this.#reached;
    if (value !== null && extendsChain(head, value)) return { value, head: headAfter(head, value) };
    this.#deps.metrics.voidRecords.inc();
    this.#reached = { head, at, nextOffset: offset + 1 };
    return undefined;
  }

  #noteAnswers({ events }: WatchedAudit): void {
    for (const event of events) {
      if (event.type === 'CommandAccepted' || event.type === 'CommandRefused') {
        this.#trips.answered(event.commandId);
      }
    }
  }

  #releaseWhenCaughtUp(): void {
    if (this.#isReleased || (this.#reached?.nextOffset ?? 0) < this.#caughtUpAt) return;
    this.#isReleased = true;
    this.#trips.release();
  }

  #step(): void {
    if (this.#reached === null || !this.#isReleased) return;
    this.#writer?.step(this.#reached, this.#settled);
  }

  readonly #settled = (): Promise<void> => this.#trips.settled();
}
