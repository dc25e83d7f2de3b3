/**
 * Orders on their way to the decider. Each has an id made of where its finding stands, so that one
 * that is given again, by this process or by another, is carried out once.
 */
import type { EventLog } from '@estop/log/port';
import type { Clock } from '@estop/runtime/clock';
import type { Logger } from '@estop/runtime/logger';
import type { AgentId, CommandId } from '@estop/schemas/ids';
import type { Command } from '@estop/schemas/messages';
import type { Told } from '../domain/watch/agent-watch.ts';
import { tripCommand } from '../domain/watch/trip-command.ts';
import type { BreakerMetrics } from './breaker-metrics.ts';

/** Orders that wait until the log was read to its end; of more, the oldest are not given. */
const HELD_MAX = 10_000;

export interface TripsDeps {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: BreakerMetrics;
}

interface Ordered {
  readonly command: Command;
  readonly until: number;
}

export class Trips {
  readonly #deps: TripsDeps;
  readonly #partition: number;
  /** While old records are read: the log may already hold what became of them. */
  #held: Map<string, Ordered> | null = new Map();
  #underWay: Promise<unknown>[] = [];

  constructor(deps: TripsDeps, partition: number) {
    this.#deps = deps;
    this.#partition = partition;
  }

  /** What was found of an agent in the record at `offset`, or by time before it. */
  tell(agentId: AgentId, told: readonly Told[], offset: number): void {
    const { metrics, logger } = this.#deps;
    for (const [index, { finding, order, isShadow }] of told.entries()) {
      const kind = isShadow ? 'shadow' : order?.mode;
      metrics.findings.inc({ signal: finding.signal, order: kind ?? 'none' });
      if (order === null) continue;
      const { sentence: explanation } = finding;
      logger.info({ agentId, order: order.mode, isShadow, explanation }, 'breaker');
      if (isShadow) continue;
      const place = { partition: this.#partition, offset, index };
      const command = tripCommand(agentId, { finding, order }, place);
      this.#order({ command, until: order.until });
    }
  }

  /** The log says what became of an order. */
  answered(commandId: CommandId): void {
    this.#held?.delete(commandId);
  }

  /** The log was read to its end: what nobody answered is given now, and all that follows at once. */
  release(): void {
    const held = this.#held;
    this.#held = null;
    for (const ordered of held?.values() ?? []) this.#order(ordered);
  }

  /** Resolves when every order so far is in the log; rejects when one could not be written. */
  async settled(): Promise<void> {
    const underWay = this.#underWay;
    this.#underWay = [];
    await Promise.all(underWay);
  }

  #order(ordered: Ordered): void {
    if (this.#held === null) {
      this.#give(ordered);
      return;
    }
    this.#held.set(ordered.command.commandId, ordered);
    for (const oldest of this.#held.keys()) {
      if (this.#held.size <= HELD_MAX) break;
      this.#held.delete(oldest);
      this.#deps.metrics.ordersTooLate.inc();
    }
  }

  #give({ command, until }: Ordered): void {
    const { log, clock, metrics } = this.#deps;
    if (until <= (log.timeMs() ?? clock.nowMs())) {
      metrics.ordersTooLate.inc();
      return;
    }
    const value = log.codec('commands.v1').encode(command);
    const given = log.publish('commands.v1', this.#partition, { key: command.subject, value });
    // A failure surfaces where it is awaited.
    given.catch(() => undefined);
    this.#underWay.push(given);
  }
}
