/**
 * Orders on their way to the decider. Each has an id made of where its finding stands, so that one
 * that is given again, by this process or by another, is carried out once.
 */
import type { EventLog } from '@estop/log/port';
import type { Clock } from '@estop/runtime/clock';
import type { Logger } from '@estop/runtime/logger';
import { type AgentId, agentSubject, type CommandId, parseCommandId } from '@estop/schemas/ids';
import { invariant } from '@estop/schemas/invariant';
import type { Command } from '@estop/schemas/messages';
import type { Told } from '../domain/watch/agent-watch.ts';
import { tripBody } from '../domain/watch/trip-body.ts';
import type { BreakerMetrics } from './breaker-metrics.ts';

/** By whom the orders are; the decider takes them from nobody else. */
const BREAKER_SERVICE = 'service:breaker';
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
  readonly #underWay = new Set<Promise<unknown>>();
  /** Of the first order that could not be written: from then on nothing may rest on orders. */
  #failure: { readonly error: unknown } | null = null;

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
      const commandId = this.#idOf(agentId, offset, index);
      const body = tripBody(finding, order, this.#partition);
      const about = { commandId, subject: agentSubject(agentId), by: BREAKER_SERVICE };
      this.#order({ command: { ...about, reason: null, body }, until: order.until });
    }
  }

  /** The log says what became of an order. */
  answered(commandId: CommandId): void {
    this.#held?.delete(commandId);
  }

  /** Whether an order waits that can still be given: nothing may say that its finding was seen to. */
  get isHolding(): boolean {
    for (const [commandId, ordered] of this.#held ?? []) {
      if (!this.#isTooLate(ordered)) return true;
      this.#held?.delete(commandId);
      this.#deps.metrics.ordersTooLate.inc();
    }
    return false;
  }

  /** The log was read to its end: what nobody answered is given now, and all that follows at once. */
  release(): void {
    const held = this.#held;
    this.#held = null;
    for (const ordered of held?.values() ?? []) this.#order(ordered);
  }

  /** Resolves when every order so far is in the log; rejects when any could not be written. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
    this.refuseLost();
  }

  /** Throws when an order could not be written: whoever begins again gives it again. */
  refuseLost(): void {
    if (this.#failure !== null) throw this.#failure.error;
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

  #give(ordered: Ordered): void {
    const { log, metrics } = this.#deps;
    const { command } = ordered;
    if (this.#isTooLate(ordered)) {
      metrics.ordersTooLate.inc();
      return;
    }
    const value = log.codec('commands.v1').encode(command);
    const given = log
      .publish('commands.v1', this.#partition, { key: command.subject, value })
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#underWay.delete(given));
    this.#underWay.add(given);
  }

  #isTooLate({ until }: Ordered): boolean {
    const { log, clock } = this.#deps;
    return until <= (log.timeMs() ?? clock.nowMs());
  }

  #idOf(agentId: AgentId, offset: number, index: number): CommandId {
    const commandId = parseCommandId(`trip-${this.#partition}-${offset}-${index}-${agentId}`);
    invariant(commandId !== undefined, 'a place in the log makes a command id');
    return commandId;
  }
}
