/**
 * The agents of one partition, as its audit records come: each record goes to the agent that it is
 * about, and lets time pass for all others whose calls are under way.
 */
import { type AgentId, parseSubject } from '@estop/schemas/ids';
import type { BreakerConfig } from '../config/breaker-config.ts';
import type { FleetRules } from '../config/fleet-rules.ts';
import { MINUTE_MS } from '../windows.ts';
import type { AgentWatch, Told } from './agent-watch.ts';
import { foldRecord, isWaiting, tickTo } from './fold.ts';
import type { WatchedAudit } from './watched-event.ts';

/** Where the watches are. */
export interface WatchStore {
  get(agentId: AgentId): AgentWatch | undefined;
  /** Undefined: the agent is not watched. */
  begin(agentId: AgentId, config: BreakerConfig): AgentWatch | undefined;
}

interface PartitionWatchOptions {
  readonly watches: WatchStore;
  /** Called with each watch that a record or time has changed, and what was found. */
  readonly onChange: (watch: AgentWatch, told: readonly Told[]) => void;
  /** Agents whom the passing of time may concern, and the time of the newest record so far. */
  readonly waiting?: Iterable<AgentId>;
  readonly at?: number;
}

/** Where a record stands, and what holds at it. */
interface Watching {
  readonly fleet: FleetRules;
  readonly offset: number;
}

export class PartitionWatch {
  readonly #watches: WatchStore;
  readonly #onChange: PartitionWatchOptions['onChange'];
  readonly #waiting: Set<AgentId>;
  #at: number;

  constructor({ watches, onChange, waiting = [], at = 0 }: PartitionWatchOptions) {
    this.#watches = watches;
    this.#onChange = onChange;
    this.#waiting = new Set(waiting);
    this.#at = at;
  }

  take(record: Pick<WatchedAudit, 'at' | 'subject' | 'events'>, where: Watching): void {
    const { at, subject } = record;
    const about = subject === null ? undefined : parseSubject(subject);
    this.#tick(at, where, about?.id);
    this.#at = at;
    if (about?.kind === 'agent') this.#watch(about.id, record, where);
  }

  #watch(
    agentId: AgentId,
    { at, events }: Pick<WatchedAudit, 'at' | 'events'>,
    { fleet, offset }: Watching,
  ): void {
    const rules = fleet.of(agentId);
    const watch = this.#watches.get(agentId) ?? this.#watches.begin(agentId, rules.config);
    // An entry may be ahead of the position that a takeover begins at.
    if (watch === undefined || offset < watch.nextOffset) return;
    this.#onChange(watch, foldRecord(watch, { at, events, ref: offset }, rules));
    if (isWaiting(watch, at)) this.#waiting.add(agentId);
    else this.#waiting.delete(agentId);
  }

  /**
   * Time passes in whole minutes, by the records of the partition. For whom a record is about it
   * passes with that record: what it shows has one place, and so one order each.
   */
  #tick(at: number, { fleet, offset }: Watching, besides: string | undefined): void {
    if (Math.floor(at / MINUTE_MS) === Math.floor(this.#at / MINUTE_MS)) return;
    for (const agentId of this.#waiting) {
      if (agentId === besides) continue;
      const watch = this.#watches.get(agentId);
      if (watch === undefined || !isWaiting(watch, at)) {
        this.#waiting.delete(agentId);
        continue;
      }
      if (offset < watch.nextOffset) continue;
      this.#onChange(watch, tickTo(watch, at, fleet.of(agentId)));
    }
  }
}
