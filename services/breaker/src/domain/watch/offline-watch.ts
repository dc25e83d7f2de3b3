/**
 * The agents of one partition watched without a log: each record of a recorded history is taken as
 * the service takes it, and answered with what it would order. Orders that were over by then are not
 * given.
 */
import type { AgentId } from '@estop/schemas/ids';
import type { AuditRecord, Command } from '@estop/schemas/messages';
import type { FleetRules } from '../config/fleet-rules.ts';
import { type AgentWatch, newWatch, type Told } from './agent-watch.ts';
import { PartitionWatch } from './partition-watch.ts';
import { tripCommand } from './trip-command.ts';

const PARTITION = 0;

type SeenRecord = Pick<AuditRecord, 'at' | 'subject' | 'events'>;

export class OfflineWatch {
  readonly #rules: FleetRules;
  /** Bounded by the fleet: whom it does not know nothing can be ordered of. */
  readonly #watchById = new Map<AgentId, AgentWatch>();
  readonly #watch: PartitionWatch;
  #at = 0;
  #commands: Command[] = [];

  constructor(rules: FleetRules, isKnown: (agentId: AgentId) => boolean) {
    this.#rules = rules;
    this.#watch = new PartitionWatch({
      watches: {
        get: (agentId) => this.#watchById.get(agentId),
        begin: (agentId, config) => {
          if (!isKnown(agentId)) return undefined;
          const watch = newWatch(agentId, config);
          this.#watchById.set(agentId, watch);
          return watch;
        },
      },
      onChange: (watch, told) => this.#order(watch, told),
    });
  }

  /** Takes the record at an offset; answers what is ordered after it. */
  take(record: SeenRecord, offset: number): readonly Command[] {
    this.#commands = [];
    this.#at = record.at;
    this.#watch.take(record, { fleet: this.#rules, offset });
    return this.#commands;
  }

  #order({ agentId }: AgentWatch, told: readonly Told[]): void {
    for (const { finding, order, isShadow } of told) {
      if (order === null || isShadow || order.until <= this.#at) continue;
      this.#commands.push(tripCommand(agentId, { finding, order }, PARTITION));
    }
  }
}
