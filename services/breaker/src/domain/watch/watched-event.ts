/** What the watch looks at of an audit record: a reader may leave all else undecoded. */
import type { AuditRecord, AuditRecordEvent, Intent, Outcome } from '@estop/schemas/messages';

type Type = AuditRecordEvent['type'];
type EventOf<T extends Type> = Extract<AuditRecordEvent, { readonly type: T }>;
type Part<T extends Type, Field extends keyof EventOf<T>> = { readonly type: T } & Pick<
  EventOf<T>,
  Field
>;

export type WatchedProposal = Part<'IntentProposed', 'digest' | 'tier' | 'targets'> & {
  readonly intent: Pick<Intent, 'intentId' | 'tool' | 'sessionId'>;
};

export type WatchedOutcome = Pick<
  Outcome,
  'intentId' | 'status' | 'microUsd' | 'tokens' | 'durationMs' | 'resultDigest'
>;

type Watched =
  | WatchedProposal
  | Part<'IntentAllowed', 'intentId'>
  | Part<'ApprovalRequested', 'intentId'>
  | Part<'IntentDenied', 'intentId' | 'reason'>
  | { readonly type: 'OutcomeRecorded'; readonly outcome: WatchedOutcome }
  | Part<'HoldExpired', 'intentId'>
  | Part<'BreakerChanged', 'from' | 'to' | 'cause'>
  | Part<'CommandAccepted', 'commandId'>
  | Part<'CommandRefused', 'commandId'>;

export type WatchedEvent = Watched | { readonly type: Exclude<Type, Watched['type']> };

export interface WatchedAudit extends Pick<AuditRecord, 'at' | 'subject' | 'policyHash'> {
  readonly events: readonly WatchedEvent[];
}
