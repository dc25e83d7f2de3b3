/**
 * Who has confirmed one word on a scope. On the roll stands every enforcement point that could still
 * let something through when it was said; each answers, or its lease runs out.
 */

import type { Confirmation } from '../domain/confirmations-body.ts';

export interface RollMember {
  readonly id: string;
  /** When its lease is over at the latest, by this gateway's monotonic clock. */
  readonly leaseUntilMs: number;
}

export class RollCall {
  readonly #saidMs: number;
  readonly #members: ReadonlyMap<string, RollMember>;
  readonly #confirmedMs = new Map<string, number>();
  readonly #waiters = new Set<() => void>();

  /** `members`: by their ids, never changed. */
  constructor(saidMs: number, members: ReadonlyMap<string, RollMember>) {
    this.#saidMs = saidMs;
    this.#members = members;
  }

  /** A point says that it has applied the word; only its first answer counts. */
  confirm(point: string, atMs: number): void {
    if (!this.#members.has(point) || this.#confirmedMs.has(point)) return;
    this.#confirmedMs.set(point, atMs);
    if (this.#confirmedMs.size < this.#members.size) return;
    for (const done of [...this.#waiters]) done();
  }

  /**
   * Resolves when everybody has confirmed or is fenced, after a time, or when the signal fires. Who
   * has not confirmed gets no new lease, so that the end of the last one is known.
   */
  untilSettled(nowMs: number, timeoutMs: number, signal: AbortSignal): Promise<void> {
    const fencedInMs = this.#lastLeaseMs() - nowMs;
    if (fencedInMs <= 0 || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        this.#waiters.delete(done);
        resolve();
      };
      // A timer may fire up to a millisecond early: the lease would seem to run still.
      const timer = setTimeout(done, Math.min(timeoutMs, Math.ceil(fencedInMs) + 1));
      signal.addEventListener('abort', done);
      this.#waiters.add(done);
    });
  }

  /** When the last lease of those who have not confirmed is over; long ago when all have. */
  #lastLeaseMs(): number {
    let lastMs = Number.NEGATIVE_INFINITY;
    for (const { id, leaseUntilMs } of this.#members.values()) {
      if (!this.#confirmedMs.has(id)) lastMs = Math.max(lastMs, leaseUntilMs);
    }
    return lastMs;
  }

  /** Ordered as they connected. */
  confirmations(nowMs: number): readonly Confirmation[] {
    return [...this.#members.values()].map(({ id: point, leaseUntilMs: untilMs }): Confirmation => {
      const confirmedMs = this.#confirmedMs.get(point);
      if (confirmedMs !== undefined) {
        return { point, state: 'confirmed', afterMs: confirmedMs - this.#saidMs };
      }
      return untilMs <= nowMs
        ? { point, state: 'fenced', afterMs: Math.max(0, untilMs - this.#saidMs) }
        : { point, state: 'silent', fencedInMs: untilMs - nowMs };
    });
  }
}
