/** Holds and approvals that run out: when each agent has its turn. */
import type { AgentId } from '@estop/schemas/ids';
import { EXPIRIES_PER_TICK_MAX } from '../domain/limits.ts';
import { type Schedule, takeDue } from '../domain/schedule.ts';

/**
 * Agents of whom something runs out with one turn, unless it decided more inputs: after hours at rest
 * everything is due at once, and whoever asks now comes first.
 */
const AGENTS_PER_TURN = 16;

export class Expiries {
  readonly #schedule: Schedule;
  readonly #expire: (agentId: AgentId) => boolean;
  #isBehind = false;

  /** `expire` records what is due of an agent, and answers true while there may be more. */
  constructor(schedule: Schedule, expire: (agentId: AgentId) => boolean) {
    this.#schedule = schedule;
    this.#expire = expire;
  }

  /** More may be due than the last turn has taken. */
  get isBehind(): boolean {
    return this.#isBehind;
  }

  /** Agents whose turn it is, each to be expired. */
  due(nowMs: number, inputs: number): readonly AgentId[] {
    const agentsMax = Math.min(EXPIRIES_PER_TICK_MAX, Math.max(AGENTS_PER_TURN, inputs));
    const due = takeDue(this.#schedule, nowMs, agentsMax);
    this.#isBehind = due.length === agentsMax;
    return due;
  }

  /** Nobody is denied for what has run out and waits for its turn. */
  before(agentId: AgentId): void {
    if (this.#isBehind) this.expire(agentId);
  }

  expire(agentId: AgentId): void {
    // One record holds a bounded number of expiries.
    while (this.#expire(agentId));
  }
}
