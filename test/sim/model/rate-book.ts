/** Shared rates over all partitions: in no window of their length, of the
 * shortest that a fleet gives them, more calls than their limit (I3). */
import type { AuditRecord } from '@estop/schemas/messages';
import type { FleetSpec } from '../fleet-spec.ts';
import { CLOCKS_DIFFER_MS } from '../log/sim-log.ts';
import { must } from '../violation.ts';

export class RateBook {
  readonly #callsMs = new Map<string, number[]>();
  /** The highest that any fleet allows: slices that are out outlive a fleet that allows less. */
  readonly #limits = new Map<string, number>();
  readonly #windowsMs = new Map<string, number>();

  constructor(specs: readonly FleetSpec[]) {
    for (const { id, limit, windowMs } of specs.flatMap(({ rates }) => rates)) {
      this.#windowsMs.set(id, Math.min(windowMs, this.#windowsMs.get(id) ?? windowMs));
      this.#limits.set(id, Math.max(limit, this.#limits.get(id) ?? 0));
    }
  }

  note({ at: atMs, events }: AuditRecord): void {
    for (const event of events) {
      if (event.type !== 'IntentAllowed') continue;
      for (const { rateId, shared } of event.rates) {
        if (shared) this.#call(rateId, atMs);
      }
    }
  }

  #call(rate: string, atMs: number): void {
    const calls = this.#callsMs.get(rate) ?? [];
    this.#callsMs.set(rate, calls);
    // Partitions are a little apart in time.
    let place = calls.length;
    while (place > 0 && (calls[place - 1] ?? 0) > atMs) place -= 1;
    calls.splice(place, 0, atMs);
    const limit = this.#limits.get(rate) ?? 0;
    const windowMs = this.#windowsMs.get(rate) ?? 0;
    for (let first = 0; first + limit < calls.length; first += 1) {
      const span = (calls[first + limit] ?? 0) - (calls[first] ?? 0);
      must(span >= windowMs - 2 * CLOCKS_DIFFER_MS, 'I3', () => {
        return `${rate}: ${limit + 1} calls within ${span} ms`;
      });
    }
    while (calls.length > 4 * limit) calls.shift();
  }
}
