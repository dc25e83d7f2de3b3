/** What the decider is given, and what it answers. */

import type { AgentId, PolicyHash, SubjectId } from '@estop/schemas/ids';
import type {
  AuditRecordEvent,
  Command,
  DeadLetterReason,
  Decision,
  Halt,
  Intent,
  Outcome,
} from '@estop/schemas/messages';
import type { SliceBody } from './shared/messages.ts';
import type { SlicePool } from './shared/pool.ts';
import type { AwaitedRef, SliceAccount } from './shared/slice-state.ts';

export type Input =
  | { readonly type: 'intent'; readonly intent: Intent; readonly digest: string }
  | { readonly type: 'outcome'; readonly outcome: Outcome }
  | { readonly type: 'command'; readonly command: Command }
  | { readonly type: 'halt'; readonly halt: Halt }
  | { readonly type: 'fleet'; readonly hash: PolicyHash }
  /** Time passed for this agent: settle what ran out. */
  | { readonly type: 'expiry'; readonly agentId: AgentId }
  /** More may be available of what this intent waits for, or it has waited long enough. */
  | { readonly type: 'resume'; readonly awaited: AwaitedRef }
  /** Time passed for what this partition holds of a shared limit. */
  | { readonly type: 'slice-idle'; readonly account: SliceAccount }
  /** Time passed for a shared limit whose home this is. */
  | { readonly type: 'recall-late'; readonly pool: SlicePool };

/** The answer to one input. */
export type Answer =
  /** One audit record with these events. */
  | {
      readonly kind: 'record';
      readonly subject: SubjectId | null;
      readonly events: readonly AuditRecordEvent[];
    }
  /** The intent was decided before: the same decision again, nothing recorded. */
  | { readonly kind: 'again'; readonly decision: Decision }
  /** Answered before: the same words again, nothing recorded. */
  | { readonly kind: 'tell'; readonly bodies: readonly SliceBody[] }
  /** Nothing to decide: a fact known already, or about somebody in another partition. */
  | { readonly kind: 'nothing' }
  /** It cannot be taken. */
  | { readonly kind: 'dead-letter'; readonly reason: DeadLetterReason; readonly detail: string };

export const NOTHING: Answer = { kind: 'nothing' };
