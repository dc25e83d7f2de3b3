/**
 * Orders on their way to the decider. Each has an id made of its finding, so that one that is given
 * again, by this process or by another, is carried out once.
 */
import type { EventLog } from '@estop/log/port';
import type { Clock } from '@estop/runtime/clock';
import type { Logger } from '@estop/runtime/logger';
import type { AgentId, CommandId } from '@estop/schemas/ids';
import type { Finding } from '../domain/finding.ts';
import type { Order } from '../domain/ladder/ladder.ts';
import type { Told } from '../domain/watch/agent-watch.ts';
import { tripCommand, tripId } from '../domain/watch/trip-command.ts';
import type { BreakerMetrics } from './breaker-metrics.ts';

/** Orders that wait until the log was read to its end; of more, the oldest are not given. */
const HELD_MAX = 10_000;
/** What nobody ordered while nobody watched is let go when its time was over for so long. */
const LATE_MS_MAX = 300_000;

export interface TripsDeps {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: BreakerMetrics;
}

interface Ordered {
  readonly agentId: AgentId;
  readonly finding: Finding;
  readonly order: Order;
}

export class Trips {
  readonly #deps: TripsDeps;
  readonly #partition: number;
  /** While old records are read: the log may already hold what became of them. */
  #held: Map<CommandId, Ordered> | null = new Map();
  readonly #underWay = new Set<Promise<unknown>>();
  #failure: { readonly error: unknown } | null = null;

  constructor(deps: TripsDeps, partition: number) {
    this.#deps = deps;
    this.#partition = partition;
  }

  /** What was found of an agent. */
  tell(agentId: AgentId, told: readonly Told[]): void {
    const { metrics, logger } = this.#deps;
    for (const { finding, order, isShadow } of told) {
      const kind = isShadow ? 'shadow' : order?.mode;
      metrics.findings.inc({ signal: finding.signal, order: kind ?? 'none' });
      if (order === null) continue;
      const { sentence: explanation } = finding;
      logger.info({ agentId, order: order.mode, isShadow, explanation }, 'breaker');
      if (!isShadow) this.#order({ agentId, finding, order });
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
    for (const ordered of held?.values() ?? []) {
      if (ordered.order.until + LATE_MS_MAX > this.#nowMs()) this.#give(ordered);
      else this.#deps.metrics.ordersTooLate.inc();
    }
  }

  /**
   * Resolves when every order so far is in the log. Rejects when one could not be written, and from
   * then on: whoever watches must begin again where that order was not given yet.
   */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
    this.throwIfFailed();
  }

  throwIfFailed(): void {
    if (this.#failure !== null) throw this.#failure.error;
  }

  #order(ordered: Ordered): void {
    if (this.#held === null) {
      this.#give(ordered);
      return;
    }
    this.#held.set(tripId(ordered.agentId, ordered.finding), ordered);
    for (const oldest of this.#held.keys()) {
      if (this.#held.size <= HELD_MAX) break;
      this.#held.delete(oldest);
      this.#deps.metrics.ordersTooLate.inc();
    }
  }

  #give({ agentId, finding, order }: Ordered): void {
    const { log } = this.#deps;
    const inTime = this.#inTime(finding, order);
    const command = tripCommand(agentId, { finding, order: inTime }, this.#partition);
    const value = log.codec('commands.v1').encode(command);
    const given = log
      .publish('commands.v1', this.#partition, { key: command.subject, value })
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#underWay.delete(given));
    this.#underWay.add(given);
  }

  /** Whoever is behind orders late: the breaker is open as long as it would have been. */
  #inTime(finding: Finding, order: Order): Order {
    const nowMs = this.#nowMs();
    return order.until > nowMs ? order : { ...order, until: nowMs + order.until - finding.at };
  }

  #nowMs(): number {
    const { log, clock } = this.#deps;
    return log.timeMs() ?? clock.nowMs();
  }
}
