/** What a record frees of slices goes back while their home calls for it. */
import { type BudgetId, limitIdOf } from '@estop/schemas/ids';
import type { AuditRecordEvent } from '@estop/schemas/messages';
import type { PartitionState } from '../state.ts';
import { type FreedSlice, giveBackFreed } from './holder.ts';

interface Freed {
  readonly budgetId: BudgetId;
  readonly windowStart: number;
  readonly amount: number;
}

/** The asks that follow from events which end holds; none in the ordinary case. */
export function asksAfterFreeing(
  state: PartitionState,
  events: readonly AuditRecordEvent[],
): readonly AuditRecordEvent[] {
  if (state.accountByLimit.size === 0) return NONE;
  const freed = events.flatMap(freedBy);
  return freed.length === 0 ? NONE : giveBackFreed(state, summed(freed));
}

function freedBy(event: AuditRecordEvent): readonly Freed[] {
  switch (event.type) {
    case 'IntentDenied':
      return event.released;
    case 'OutcomeRecorded':
    case 'HoldExpired':
      return event.settled
        .filter(({ shared, reserved, spent }) => shared && spent < reserved)
        .map(({ budgetId, windowStart, reserved, spent }) => {
          return { budgetId, windowStart, amount: reserved - spent };
        });
    default:
      return NOTHING_FREED;
  }
}

/** One ask a limit and window. */
function summed(freed: readonly Freed[]): readonly FreedSlice[] {
  const sums = new Map<string, FreedSlice>();
  for (const { budgetId, windowStart, amount } of freed) {
    const key = `${budgetId} ${windowStart}`;
    const sum = (sums.get(key)?.amount ?? 0) + amount;
    const limitId = limitIdOf(budgetId);
    sums.set(key, { kind: 'budget', limitId, windowStart, amount: sum });
  }
  return [...sums.values()];
}

const NONE: readonly AuditRecordEvent[] = [];
const NOTHING_FREED: readonly Freed[] = [];
