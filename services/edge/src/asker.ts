/** How enforcement points ask: the SDK's client has this shape. */
import type { Call, KnownTier, Outcome } from './domain/call.ts';

interface Answered {
  readonly intentId: string;
  readonly reason: string;
  readonly message: string;
}

export type Answer =
  | (Answered & {
      readonly decision: 'allow';
      /** The signed single-use permit; null where none was issued. */
      readonly permit: string | null;
      readonly tier: KnownTier;
      /** For so long, ms from the question, the same read may run before it is asked for; 0: not. */
      readonly readAgainMs: number;
    })
  | (Answered & { readonly decision: 'deny'; readonly retryAfterMs: number | null })
  | (Answered & {
      readonly decision: 'needs-approval';
      readonly approval: { readonly id: string; readonly expiresAt: number };
    });

export interface AskOptions {
  /** How long to wait for a person, ms; default 0. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** No answer in time is an answer: `deny`, `timed-out`. Rejects when the request itself is refused. */
export interface Asker {
  propose(
    call: Call & { readonly id?: string | undefined; readonly point?: string | undefined },
    options?: AskOptions,
  ): Promise<Answer>;
  /** The decision on an intent as it is now. */
  wait(intentId: string, options?: AskOptions): Promise<Answer>;
  outcome(intentId: string, outcome: Outcome): Promise<boolean>;
}
