/** What an order makes of a ceiling. */
import type { AuditRecordEvent, CommandBody } from '@estop/schemas/messages';
import { type CommandResult, refuse } from './command-result.ts';

/** Largest ceiling: micro-dollars stay exact in every codec far above it. */
const CEILING_MAX = 4_000_000_000_000_000;

export type CeilingOrder = Extract<CommandBody, { readonly type: 'SetCeiling' | 'RaiseCeiling' }>;

export function ceilingAfter(
  order: CeilingOrder,
  previous: number,
):
  | { readonly ok: true; readonly event: AuditRecordEvent }
  | Extract<CommandResult, { readonly ok: false }> {
  const ceiling = order.type === 'SetCeiling' ? order.ceiling : previous + order.raiseBy;
  if (!Number.isSafeInteger(ceiling) || ceiling < 0 || ceiling > CEILING_MAX) {
    return refuse('invalid', `a ceiling is an integer from 0 to ${CEILING_MAX}`);
  }
  const { budgetId } = order;
  return { ok: true, event: { type: 'CeilingSet', budgetId, ceiling, previous } };
}
