/** Amounts of allowed intents that wait for an outcome: how many one agent may have. */
import type { AuditRecordEvent } from '@estop/schemas/messages';
import { expire } from './ledger.ts';
import { HOLDS_MAX, HOLDS_SPENT } from './limits.ts';
import type { AgentState } from './state.ts';

/** When there is no room for another, the oldest count as spent: early, never too little. */
export function expireBeyondBound(agent: AgentState): readonly AuditRecordEvent[] {
  const { holdById } = agent;
  if (holdById.size < HOLDS_MAX) return NONE;
  const events: AuditRecordEvent[] = [];
  for (const [intentId, { uses }] of holdById) {
    if (events.length === HOLDS_SPENT) break;
    events.push({ type: 'HoldExpired', intentId, settled: expire(uses) });
  }
  return events;
}

const NONE: readonly AuditRecordEvent[] = [];
