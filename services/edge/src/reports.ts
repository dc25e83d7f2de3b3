/** Outcomes on their way to estop. */
import type { Asker } from './asker.ts';
import type { Outcome } from './domain/call.ts';

export class Reports {
  readonly #asker: Asker;
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(asker: Asker) {
    this.#asker = asker;
  }

  /** The call is over either way: a report that is lost must not hide its result. */
  send(intentId: string, outcome: Outcome): Promise<unknown> {
    const reported = this.#asker.outcome(intentId, outcome).catch(() => false);
    this.track(reported);
    return reported;
  }

  track(promise: Promise<unknown>): void {
    this.#underWay.add(promise);
    void promise.finally(() => this.#underWay.delete(promise));
  }

  async settled(): Promise<void> {
    await Promise.allSettled([...this.#underWay]);
  }
}
