/** What became of an order: its facts, or why it is refused. */
import type { AuditRecordEvent } from '@estop/schemas/messages';

export type RefusalCode = 'not-found' | 'conflict' | 'forbidden' | 'invalid';

export type CommandResult =
  | { readonly ok: true; readonly events: readonly AuditRecordEvent[] }
  | {
      readonly ok: false;
      readonly code: RefusalCode;
      readonly message: string;
      /** Facts that are true all the same: an approval that had run out. */
      readonly events?: readonly AuditRecordEvent[];
    };

export function done(events: readonly AuditRecordEvent[]): CommandResult {
  return { ok: true, events };
}

export function refuse(
  code: RefusalCode,
  message: string,
): Extract<CommandResult, { readonly ok: false }> {
  return { ok: false, code, message };
}
