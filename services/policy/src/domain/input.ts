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

export type Input =
  | { readonly type: 'intent'; readonly intent: Intent; readonly digest: string }
  | { readonly type: 'outcome'; readonly outcome: Outcome }
  | { readonly type: 'command'; readonly command: Command }
  | { readonly type: 'halt'; readonly halt: Halt }
  | { readonly type: 'fleet'; readonly hash: PolicyHash }
  /** Time passed for this agent: settle what ran out. */
  | { readonly type: 'expiry'; readonly agentId: AgentId };

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
  /** Nothing to decide: a fact known already, or about somebody in another partition. */
  | { readonly kind: 'nothing' }
  /** It cannot be taken. */
  | { readonly kind: 'dead-letter'; readonly reason: DeadLetterReason; readonly detail: string };

export const NOTHING: Answer = { kind: 'nothing' };
