/**
 * The right to do more than read. It runs from before each renewal was sent, by the holder's own
 * monotonic clock, so that it is over here no later than its giver believes (Gray and Cheriton,
 * Leases, 1989; Burrows, The Chubby lock service, 2006).
 */
export class Lease {
  #untilMs = Number.NEGATIVE_INFINITY;

  /** An answer arrived to the renewal that was sent at `sentMs`. 0 ms: it gives nothing. */
  renew(sentMs: number, leaseMs: number): void {
    if (leaseMs > 0) this.#untilMs = Math.max(this.#untilMs, sentMs + leaseMs);
  }

  isHeld(nowMs: number): boolean {
    return nowMs < this.#untilMs;
  }
}
