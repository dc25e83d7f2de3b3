/**
 * Decisions as they arrive: who waits for them is called, and the newest ones are kept for those
 * who ask again. Older ones are read from the log.
 */
import type { Clock } from '@estop/runtime/clock';
import type { AgentId, IntentId } from '@estop/schemas/ids';
import type { Decision } from '@estop/schemas/messages';
import { intentKey } from '../domain/decision-body.ts';

/** About 1 KiB each. */
const DECISIONS_MAX = 50_000;
const DECISION_AGE_MS = 15 * 60_000;

/** Called with every decision on one intent, the same one again included. */
export type DecisionListener = (decision: Decision) => void;

export class DecisionCache {
  readonly #clock: Clock;
  readonly #keptByKey = new Map<string, { readonly decision: Decision; readonly atMs: number }>();
  readonly #listenersByKey = new Map<string, DecisionListener[]>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  take(decision: Decision): void {
    const key = intentKey(decision.agentId, decision.intentId);
    this.#keptByKey.delete(key);
    this.#keptByKey.set(key, { decision, atMs: this.#clock.monotonicMs() });
    this.#evict();
    const listeners = this.#listenersByKey.get(key);
    if (listeners === undefined) return;
    // A listener removes itself while the list is walked.
    for (const listener of listeners.length === 1 ? listeners : [...listeners]) listener(decision);
  }

  get(agentId: AgentId, intentId: IntentId): Decision | undefined {
    return this.#keptByKey.get(intentKey(agentId, intentId))?.decision;
  }

  /** The kept decisions, oldest first. */
  *all(): Generator<Decision> {
    for (const { decision } of this.#keptByKey.values()) yield decision;
  }

  /** Whether somebody waits for this intent here. */
  isAwaited(agentId: AgentId, intentId: IntentId): boolean {
    return this.#listenersByKey.has(intentKey(agentId, intentId));
  }

  /** Calls back until the returned function is called. */
  listen(key: string, listener: DecisionListener): () => void {
    const listeners = this.#listenersByKey.get(key);
    if (listeners === undefined) this.#listenersByKey.set(key, [listener]);
    else listeners.push(listener);
    return () => this.#unlisten(key, listener);
  }

  #unlisten(key: string, listener: DecisionListener): void {
    const listeners = this.#listenersByKey.get(key);
    const at = listeners?.indexOf(listener) ?? -1;
    if (listeners === undefined || at < 0) return;
    if (listeners.length === 1) this.#listenersByKey.delete(key);
    else listeners.splice(at, 1);
  }

  #evict(): void {
    const oldestMs = this.#clock.monotonicMs() - DECISION_AGE_MS;
    for (const [key, { atMs }] of this.#keptByKey) {
      if (this.#keptByKey.size <= DECISIONS_MAX && atMs >= oldestMs) return;
      this.#keptByKey.delete(key);
    }
  }
}
