/** Calls as enforcement points see them, and what becomes of them. */
import type { Tier } from '@estop/schemas/messages';

/** An object of JSON values. */
export type JsonRecord = Readonly<Record<string, unknown>>;

/** What an agent is about to do through an enforcement point. */
export interface Call {
  readonly tool: string;
  readonly arguments: JsonRecord;
  /** Why, in the agent's words. */
  readonly reason?: string | undefined;
  /** Which conversation or run it belongs to. */
  readonly session?: string | undefined;
  readonly task?: string | undefined;
  /** What it is expected to use. */
  readonly cost?: { readonly tokens?: number; readonly microUsd?: number } | undefined;
  /** JSON pointers of arguments to where their values came from. */
  readonly provenance?: Readonly<Record<string, 'user' | 'tool' | 'model'>> | undefined;
  readonly undo?: { readonly tool: string; readonly arguments: JsonRecord } | undefined;
}

/** What really happened. */
export interface Outcome {
  readonly status: 'ok' | 'error' | 'cancelled' | 'unknown';
  readonly cost?: { readonly tokens?: number; readonly microUsd?: number } | undefined;
  readonly durationMs?: number;
  /** `sha256:` and hex over the result. */
  readonly resultDigest?: string | undefined;
  readonly error?: string | undefined;
}

/** Which binding of a permit does not hold. */
export type PermitFlaw =
  | 'missing'
  | 'signature'
  | 'expired'
  | 'agent'
  | 'tool'
  | 'arguments'
  | 'audience'
  | 'epoch'
  | 'breaker'
  | 'spent';

/** Why an enforcement point did not run a call. */
export type RefusalReason =
  /** The decision was no; `decision.reason` says why. */
  | 'denied'
  /** A person must say yes first; the same call goes through afterwards. */
  | 'needs-approval'
  /** A halt that is known here covers it. */
  | 'halted'
  /** The control stream is silent: nothing above `read` is done. */
  | 'no-lease'
  /** The permit is not good for this call here; `flaw` says what does not hold. */
  | 'permit-refused';

export interface Refusal {
  readonly kind: 'refused';
  readonly reason: RefusalReason;
  /** One sentence that a model or a person can act on. */
  readonly message: string;
  /** Null when estop was not asked. */
  readonly intentId: string | null;
  /** Reason code of the decision, when there was one. */
  readonly code: string | null;
  readonly flaw?: PermitFlaw;
  readonly approval?: { readonly id: string; readonly expiresAt: number };
  /** When it makes sense to ask for something like it again, ms from now. */
  readonly retryAfterMs?: number;
  /** What the question failed with. */
  readonly cause?: unknown;
}

export type Ran<Result> = { readonly kind: 'ran'; readonly result: Result } | Refusal;

/** What the catalogue says of a tool; null: not known here. */
export type KnownTier = Tier | null;
