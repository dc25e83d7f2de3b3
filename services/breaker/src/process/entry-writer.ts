/**
 * Writes the entries of agents that changed to breakers.v1, some after each turn, and how far the
 * partition was read. Every append carries a position that speaks for all entries there are then, so
 * that a process may die between any two. Where two processes write, the entries agree with neither,
 * and are not believed.
 */
import type { EventLog, NewRecord } from '@estop/log/port';
import type { EntryHashes } from '@estop/log/run/entry-hashes';
import type { Clock } from '@estop/runtime/clock';
import type { Logger } from '@estop/runtime/logger';
import { messageOf } from '@estop/schemas/errors';
import type { AgentId } from '@estop/schemas/ids';
import { entryRecord, positionRecord, type ReadPosition } from './entries.ts';
import type { Watches } from './watches.ts';

/** People look at the numbers; a restart reads the log from here. */
const ROUND_MS = 10_000;
const ROUND_RECORDS = 20_000;
/** Entries of one append: a turn waits for no more than these to be packed. */
const APPEND_ENTRIES = 128;
const STALE_PER_APPEND = 400;

export interface EntryWriterDeps {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface EntryBase {
  readonly partition: number;
  readonly position: ReadPosition;
  readonly hashes: EntryHashes;
  readonly stale: readonly string[];
}

/** One append, and whom it is about. */
interface Next {
  readonly records: readonly NewRecord[];
  readonly agents: readonly AgentId[];
  readonly gone: readonly string[];
}

const NOTHING: Next = { records: [], agents: [], gone: [] };

export class EntryWriter {
  readonly #deps: EntryWriterDeps;
  readonly #base: EntryBase;
  readonly #watches: Watches;
  #position: ReadPosition;
  #stale: readonly string[];
  #changed = new Set<AgentId>();
  /** What was found of them is shown at once. */
  #urgent = new Set<AgentId>();
  #round: { readonly position: ReadPosition; readonly waiting: AgentId[] } | null = null;
  #roundMs: number;
  #records = 0;
  #appending: Promise<void> | null = null;
  /** The newest append failed: the next is tried with the next round. */
  #isFailing = false;

  constructor(deps: EntryWriterDeps, base: EntryBase, watches: Watches) {
    this.#deps = deps;
    this.#base = base;
    this.#watches = watches;
    this.#position = base.position;
    this.#stale = base.stale;
    this.#roundMs = deps.clock.monotonicMs();
  }

  /** Whether there is something to write with the next turn. */
  get isWriting(): boolean {
    if (this.#isFailing) return false;
    return this.#round !== null || this.#urgent.size > 0 || this.#stale.length > 0;
  }

  changed(agentId: AgentId, isUrgent: boolean): void {
    this.#records += 1;
    this.#changed.add(agentId);
    if (isUrgent) this.#urgent.add(agentId);
  }

  /** Writes the next entries, once all orders that rest on them are in the log. */
  step(reached: ReadPosition, ordersSettled: () => Promise<void>): void {
    if (this.#appending !== null) return;
    if (this.#round === null && this.#isDue()) this.#begin(reached);
    if (this.#isFailing) return;
    const next = this.#next(reached, APPEND_ENTRIES);
    if (next.records.length === 0) return;
    this.#appending = this.#append(next.records, ordersSettled)
      .catch((error: unknown) => this.#failed(error, next))
      .finally(() => {
        this.#appending = null;
      });
  }

  /** Resolves when nothing is on its way to the log. */
  async idle(): Promise<void> {
    await this.#appending;
  }

  /** Writes all that has changed, for whoever takes the partition over; one failure ends it. */
  async finish(reached: ReadPosition, ordersSettled: () => Promise<void>): Promise<void> {
    await this.idle();
    this.#isFailing = false;
    await this.#drain(reached, ordersSettled);
    // What changed since the round began that was under way.
    if (this.#isFailing || this.#records === 0) return;
    this.#begin(reached);
    await this.#drain(reached, ordersSettled);
  }

  async #drain(reached: ReadPosition, ordersSettled: () => Promise<void>): Promise<void> {
    while (this.isWriting) {
      this.step(reached, ordersSettled);
      await this.idle();
    }
  }

  #isDue(): boolean {
    if (this.#records === 0) return false;
    const sinceMs = this.#deps.clock.monotonicMs() - this.#roundMs;
    return this.#records >= ROUND_RECORDS || sinceMs >= ROUND_MS;
  }

  #begin(position: ReadPosition): void {
    this.#isFailing = false;
    this.#round = { position, waiting: [...this.#changed] };
    this.#changed = new Set();
    this.#records = 0;
    this.#roundMs = this.#deps.clock.monotonicMs();
  }

  #next(reached: ReadPosition, most: number): Next {
    if (this.#stale.length > 0) {
      const gone = this.#stale.slice(0, STALE_PER_APPEND);
      this.#stale = this.#stale.slice(STALE_PER_APPEND);
      return { records: gone.map((key) => ({ key, value: null })), agents: [], gone };
    }
    const due = this.#round?.waiting.splice(0, most) ?? [];
    const urgent = [...this.#urgent].slice(0, most - due.length);
    for (const agentId of urgent) this.#urgent.delete(agentId);
    const agents = [...new Set([...due, ...urgent])];
    if (agents.length === 0 && this.#round === null) return NOTHING;
    const entries = this.#entriesOf(agents, reached);
    if (this.#round?.waiting.length === 0) {
      this.#position = this.#round.position;
      this.#round = null;
    }
    const { partition, hashes } = this.#base;
    const { nextOffset, head, at } = this.#position;
    const about = { partition, position: { nextOffset, head, at } };
    const records = [...entries, positionRecord(this.#deps.log, about, hashes)];
    return { records, agents, gone: [] };
  }

  #entriesOf(agents: readonly AgentId[], { nextOffset, at }: ReadPosition): readonly NewRecord[] {
    const { partition, hashes } = this.#base;
    const records = agents.flatMap((agentId) => {
      const watch = this.#watches.get(agentId);
      if (watch === undefined) return [];
      return [entryRecord(this.#deps.log, watch, { partition, nextOffset, at })];
    });
    for (const { key, value } of records) if (value !== null) hashes.set(key, value);
    return records;
  }

  async #append(records: readonly NewRecord[], ordersSettled: () => Promise<void>): Promise<void> {
    await ordersSettled();
    await this.#deps.log.append('breakers.v1', this.#base.partition, records);
  }

  /**
   * Entries are a cache and a view: watching goes on, and nobody knows which of these are in the log,
   * so that they are written anew with the next round.
   */
  #failed(error: unknown, { agents, gone }: Next): void {
    const { partition } = this.#base;
    this.#deps.logger.warn({ partition, error: messageOf(error) }, 'entries not written');
    for (const agentId of [...agents, ...(this.#round?.waiting ?? []), ...this.#urgent]) {
      this.#changed.add(agentId);
    }
    this.#stale = [...gone, ...this.#stale];
    this.#round = null;
    this.#urgent.clear();
    this.#isFailing = true;
    this.#records += 1;
    this.#roundMs = this.#deps.clock.monotonicMs();
  }
}
