/** The breaker of a point's agent, from words that may come late and more than once. */
import type { Tier } from '@estop/schemas/messages';
import { type BreakerWord, voidsDecision } from './breaker-word.ts';

export class AgentBreaker {
  #word: BreakerWord | null = null;
  #newestSince = Number.NEGATIVE_INFINITY;

  get isOpen(): boolean {
    return this.#word?.mode === 'open';
  }

  /** An older word changes nothing. One without `since` counts only when it opens, until a newer one. */
  hear(word: BreakerWord): void {
    const { mode, since } = word;
    if (mode !== 'open') {
      if (since === null || since < this.#newestSince) return;
      if (this.isOpen && since === this.#newestSince) return;
    } else if (since !== null && since < this.#newestSince) return;
    this.#newestSince = since ?? this.#newestSince;
    this.#word = word;
  }

  /** Whether a call that was allowed then may not run any more. */
  voids(decision: { readonly tier: Tier; readonly decidedAt: number }): boolean {
    return this.#word !== null && voidsDecision(this.#word, decision);
  }
}
