/**
 * Counts failed authentications per address. Beyond a rate they are answered 429; a valid credential
 * from the same address is never refused, so that nobody can lock out a neighbour.
 */
import type { Clock } from '@estop/runtime/clock';

const WINDOW_MS = 10_000;
const FAILURES_MAX = 50;
const ADDRESSES_MAX = 10_000;

export class FailureLimit {
  readonly #clock: Clock;
  readonly #failuresByAddress = new Map<string, number>();
  #windowStartMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts one failure. Seconds until the next window when this one had too many; null: not yet. */
  retryAfterS(address: string): number | null {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#windowStartMs >= WINDOW_MS) {
      this.#windowStartMs = nowMs;
      this.#failuresByAddress.clear();
    }
    const failures = (this.#failuresByAddress.get(address) ?? 0) + 1;
    // More addresses than the map holds share one fate: they are many, and none is known to be good.
    const isOneTooMany = failures === 1 && this.#failuresByAddress.size >= ADDRESSES_MAX;
    if (!isOneTooMany) this.#failuresByAddress.set(address, failures);
    if (!isOneTooMany && failures <= FAILURES_MAX) return null;
    return Math.ceil((this.#windowStartMs + WINDOW_MS - nowMs) / 1_000);
  }
}
