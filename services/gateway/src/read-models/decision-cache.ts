/**
 * Decisions as they arrive: who waits for them is called, and the newest ones are kept for those
 * who ask again. Older ones are read from the log. They are kept as the bytes of the log, side by
 * side in large chunks: tens of thousands of them as objects would be copied by every collection of
 * garbage, and every request would wait for it.
 */
import type { Clock } from '@estop/runtime/clock';
import type { Codec } from '@estop/schemas/codec';
import type { AgentId, IntentId } from '@estop/schemas/ids';
import type { Decision } from '@estop/schemas/messages';
import { intentKey, isFinal } from '../domain/decision-body.ts';
import { Listeners } from './listeners.ts';

/** About 0.5 KiB each. */
const DECISIONS_MAX = 50_000;
/** Beyond that so many are forgotten at once: finding the oldest of a Map takes its time. */
const DECISIONS_FORGOTTEN = 1_000;
const DECISION_AGE_MS = 15 * 60_000;
const AGE_CHECK_MS = 60_000;
const CHUNK_BYTES = 1024 * 1024;

/** Called with every decision on one intent, the same one again included. */
export type DecisionListener = (decision: Decision) => void;

interface Kept {
  readonly bytes: Buffer;
  /** Of the audit record that decided; an agent's are all in one partition. */
  readonly offset: number;
  readonly isFinal: boolean;
  readonly atMs: number;
  readonly wallMs: number;
}

export class DecisionCache {
  readonly #clock: Clock;
  readonly #codec: Codec<Decision>;
  readonly #keptByKey = new Map<string, Kept>();
  /** Of the kept ones those that people were asked about. */
  readonly #askedByKey = new Map<string, Decision>();
  readonly #listeners = new Listeners<Decision>();
  #chunk = Buffer.alloc(0);
  #chunkUsed = 0;
  #nextAgeCheckMs = 0;

  constructor(clock: Clock, codec: Codec<Decision>) {
    this.#clock = clock;
    this.#codec = codec;
  }

  /**
   * Takes a decision and the bytes it was read from. Decisions are told at least once, and an early
   * one may come again behind a later one: whoever waits is told the later one then.
   */
  take(decision: Decision, bytes: Buffer): void {
    const key = intentKey(decision.agentId, decision.intentId);
    const known = this.#keptByKey.get(key);
    if (known !== undefined && isOutdated(decision, known)) {
      return this.#listeners.tell(key, this.#codec.decode(known.bytes));
    }
    const atMs = this.#clock.monotonicMs();
    this.#forget(key);
    this.#keptByKey.set(key, {
      bytes: this.#copy(bytes),
      offset: decision.record.offset,
      isFinal: isFinal(decision),
      atMs,
      wallMs: this.#clock.nowMs(),
    });
    if (decision.approval !== null) this.#askedByKey.set(key, decision);
    this.#evict(atMs);
    this.#listeners.tell(key, decision);
  }

  get(agentId: AgentId, intentId: IntentId): Decision | undefined {
    const kept = this.#keptByKey.get(intentKey(agentId, intentId));
    return kept === undefined ? undefined : this.#codec.decode(kept.bytes);
  }

  /** When it came, and for how long it is known here, ms; undefined when it is not kept. */
  arrival(
    agentId: AgentId,
    intentId: IntentId,
  ): { readonly atMs: number; readonly ageMs: number } | undefined {
    const kept = this.#keptByKey.get(intentKey(agentId, intentId));
    if (kept === undefined) return undefined;
    return { atMs: kept.wallMs, ageMs: this.#clock.monotonicMs() - kept.atMs };
  }

  /** The kept decisions that people were asked about, oldest first. */
  asked(): Iterable<Decision> {
    return this.#askedByKey.values();
  }

  /** Whether somebody waits for this intent here. */
  isAwaited(agentId: AgentId, intentId: IntentId): boolean {
    return this.#listeners.has(intentKey(agentId, intentId));
  }

  /** Calls back until the returned function is called. */
  listen(key: string, listener: DecisionListener): () => void {
    return this.#listeners.add(key, listener);
  }

  /** A chunk is let go with the last decision in it. */
  #copy(bytes: Buffer): Buffer {
    if (this.#chunkUsed + bytes.length > this.#chunk.length) {
      this.#chunk = Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, bytes.length));
      this.#chunkUsed = 0;
    }
    const start = this.#chunkUsed;
    this.#chunkUsed += bytes.copy(this.#chunk, start);
    return this.#chunk.subarray(start, this.#chunkUsed);
  }

  #evict(nowMs: number): void {
    const { size } = this.#keptByKey;
    if (size <= DECISIONS_MAX && nowMs < this.#nextAgeCheckMs) return;
    this.#nextAgeCheckMs = nowMs + AGE_CHECK_MS;
    const leftMax = size > DECISIONS_MAX ? DECISIONS_MAX - DECISIONS_FORGOTTEN : size;
    for (const [key, { atMs }] of this.#keptByKey) {
      if (this.#keptByKey.size <= leftMax && atMs >= nowMs - DECISION_AGE_MS) return;
      this.#forget(key);
    }
  }

  #forget(key: string): void {
    if (!this.#keptByKey.delete(key)) return;
    this.#askedByKey.delete(key);
  }
}

function isOutdated(decision: Decision, known: Kept): boolean {
  return decision.record.offset < known.offset || (known.isFinal && !isFinal(decision));
}
