/** What the detectors see of a call: a decision, an outcome, or both of them at once. */
import type { OutcomeStatus, Tier } from '@estop/schemas/messages';

export interface Sample {
  /** Time of its record in the log, ms. */
  readonly at: number;
  /** Where the record is in the audit log, for the evidence of a finding. */
  readonly ref: number;
  readonly session: string;
  readonly tool: string;
  readonly tier: Tier;
  /** Null where this sample brings only the outcome of an earlier decision. */
  readonly decision: 'allow' | 'deny' | 'needs-approval' | null;
  readonly outcome: SampleOutcome | null;
  readonly argumentsDigest: string;
  /** Whom or what the arguments aim at: recipients, hosts, accounts. */
  readonly targets: readonly string[];
  /** Declared for tools that are polled: repeats no faster than this are no loop. */
  readonly pollIntervalMs: number | null;
}

export interface SampleOutcome {
  readonly status: OutcomeStatus;
  readonly microUsd: number;
  readonly tokens: number;
  readonly durationMs: number | null;
  /** Null: not known; then only repeats of the call itself are counted. */
  readonly resultDigest: string | null;
}
