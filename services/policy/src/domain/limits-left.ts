/** What is left of the limits that count a call, as decisions show it. */
import type { ToolName } from '@estop/schemas/ids';
import type { LimitState } from '@estop/schemas/messages';
import type { Fleet } from './fleet.ts';
import { remainingOf } from './ledger.ts';
import { usedOf } from './rate-window.ts';
import type { AgentState } from './state.ts';

/** Budgets first, in the order of limits.yaml; empty for an agent outside the fleet. */
export function limitsLeft(
  fleet: Fleet | null,
  agentState: AgentState,
  call: { readonly tool: ToolName; readonly atMs: number },
): readonly LimitState[] {
  const agent = fleet?.agentById.get(agentState.id);
  if (fleet === null || agent === undefined) return [];
  const { budgets, rates } = fleet.limitsOf(agent, call.tool);
  const left: LimitState[] = [];
  for (const budget of budgets) {
    const remaining = remainingOf(agentState, budget, call.atMs);
    left.push({ id: budget.id, unit: budget.unit, remaining });
  }
  for (const { id, limit } of rates) {
    const window = agentState.rateById.get(id);
    const used = window === undefined ? 0 : usedOf(window, call.atMs);
    left.push({ id, unit: 'calls', remaining: Math.max(0, limit - used) });
  }
  return left;
}
