/**
 * The agents of one partition watched without a log: each record of a recorded history is taken as
 * the service takes it, and answered with what it would order. Orders that were over by then are not
 * given.
 */
import { type AgentId, parseSubject } from '@estop/schemas/ids';
import type { AuditRecord, Command } from '@estop/schemas/messages';
import type { FleetRules } from '../config/fleet-rules.ts';
import { MINUTE_MS } from '../windows.ts';
import { type AgentWatch, newWatch, type Told } from './agent-watch.ts';
import { foldRecord, isWaiting, tickTo } from './fold.ts';
import { tripCommand } from './trip-command.ts';

const PARTITION = 0;

type SeenRecord = Pick<AuditRecord, 'at' | 'subject' | 'events'>;

export class OfflineWatch {
  readonly #rules: FleetRules;
  readonly #isKnown: (agentId: AgentId) => boolean;
  /** Bounded by the fleet: whom it does not know nothing can be ordered of. */
  readonly #watchById = new Map<AgentId, AgentWatch>();
  /** Agents whom the passing of time may concern. */
  readonly #waiting = new Set<AgentId>();
  #at = 0;

  constructor(rules: FleetRules, isKnown: (agentId: AgentId) => boolean) {
    this.#rules = rules;
    this.#isKnown = isKnown;
  }

  /** Takes the record at an offset; answers what is ordered after it. */
  take(record: SeenRecord, offset: number): readonly Command[] {
    const { at, subject, events } = record;
    const about = subject === null ? undefined : parseSubject(subject);
    const commands = this.#tick(at, about?.id);
    this.#at = at;
    if (about?.kind !== 'agent' || !this.#isKnown(about.id)) return commands;
    const rules = this.#rules.of(about.id);
    const watch = this.#watchById.get(about.id) ?? newWatch(about.id, rules.config);
    this.#watchById.set(about.id, watch);
    const told = foldRecord(watch, { at, events, ref: offset }, rules);
    if (isWaiting(watch, at)) this.#waiting.add(about.id);
    else this.#waiting.delete(about.id);
    return told.length === 0 ? commands : [...commands, ...ordersOf(watch, told, at)];
  }

  /** Time passes in whole minutes, by the records; for whom a record is about it passes with that. */
  #tick(at: number, besides: string | undefined): readonly Command[] {
    if (Math.floor(at / MINUTE_MS) === Math.floor(this.#at / MINUTE_MS)) return [];
    const commands: Command[] = [];
    for (const agentId of this.#waiting) {
      if (agentId === besides) continue;
      const watch = this.#watchById.get(agentId);
      if (watch === undefined || !isWaiting(watch, at)) {
        this.#waiting.delete(agentId);
        continue;
      }
      const told = tickTo(watch, at, this.#rules.of(agentId));
      commands.push(...ordersOf(watch, told, at));
    }
    return commands;
  }
}

function ordersOf({ agentId }: AgentWatch, told: readonly Told[], at: number): readonly Command[] {
  return told.flatMap(({ finding, order, isShadow }) => {
    if (order === null || isShadow || order.until <= at) return [];
    return [tripCommand(agentId, { finding, order }, PARTITION)];
  });
}
