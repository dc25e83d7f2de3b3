/**
 * What time it is by the log. Its stamps are the only ones that no writer chooses; where another
 * machine makes them, a monotonic clock goes on between them. So a host whose wall clock is wrong
 * ends no window and no hold early.
 */
import type { EventLog } from '@estop/log/port';
import type { Clock } from '@estop/runtime/clock';

export class LogTime {
  readonly #log: Pick<EventLog, 'timeMs'>;
  readonly #clock: Clock;
  /** The log's time minus the monotonic clock's: the largest seen, since stamps arrive late. */
  #aheadMs = Number.NEGATIVE_INFINITY;

  constructor(log: Pick<EventLog, 'timeMs'>, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** A record was stamped with this time, now or earlier. */
  saw(timestampMs: number): void {
    this.#aheadMs = Math.max(this.#aheadMs, timestampMs - this.#clock.monotonicMs());
  }

  /** Whole milliseconds; 0 when there was no stamp yet. */
  nowMs(): number {
    const estimateMs = Math.floor(this.#clock.monotonicMs() + this.#aheadMs);
    return this.#log.timeMs() ?? Math.max(0, estimateMs);
  }
}
