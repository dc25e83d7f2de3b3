/** Whoever waits for the state of a partition, which is taken between two turns. */
import type { LiveState } from './partition-context.ts';

export class StateWaiters {
  #waiters: ((state: LiveState | undefined) => void)[] = [];

  get isEmpty(): boolean {
    return this.#waiters.length === 0;
  }

  next(): Promise<LiveState | undefined> {
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
    });
  }

  /** Undefined: there will be none. */
  answer(state: LiveState | undefined): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const answer of waiters) answer(state);
  }
}
