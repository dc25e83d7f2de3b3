/** One enforcement point: asks, holds a lease, checks permits, runs calls, and stops them. */
import type { Call, Outcome, Ran } from './domain/call.ts';

/** A call that runs now. */
export interface RunningCall {
  readonly intentId: string;
  /** Fires when a halt of mode `kill` covers the call: end it at once. */
  readonly signal: AbortSignal;
}

/** What a call gave back, and what to report of it. */
export interface Done<Result> {
  readonly result: Result;
  readonly outcome: Outcome;
}

export interface EnforcementPoint {
  /** Its name among all points; permits are bound to it. */
  readonly name: string;
  /** Whether it may do more than read now. */
  readonly hasLease: boolean;
  /**
   * Asks, and runs the call once if it may be done: `execute` is called in the same moment in which
   * halts, lease and permit are checked for the last time. Reports the outcome that `execute` gives,
   * or `error` when it throws, which is passed on. An identical call that waited for a person goes
   * through once after the yes. Never throws of its own: no answer is a refusal.
   */
  run<Result>(
    call: Call,
    execute: (running: RunningCall) => Promise<Done<Result>>,
    options?: { readonly waitMs?: number; readonly signal?: AbortSignal },
  ): Promise<Ran<Result>>;
  /** Calls back when a kill that covers `agent` as a whole arrives (not one tool of it). */
  onKill(listener: (why: string) => void): void;
  close(): Promise<void>;
}
