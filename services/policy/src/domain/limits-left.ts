/** What is left of the limits that count a call, as decisions show it. */
import { limitIdOf, type ToolName } from '@estop/schemas/ids';
import type { LimitState } from '@estop/schemas/messages';
import type { Fleet } from './fleet.ts';
import { type Holder, remainingOf } from './ledger.ts';
import { usedOf } from './rate-window.ts';
import { availableOf } from './shared/account.ts';

/** Budgets first, in the order of limits.yaml; empty for an agent outside the fleet. */
export function limitsLeft(
  fleet: Fleet | null,
  { state, agent: agentState }: Holder,
  call: { readonly tool: ToolName; readonly atMs: number },
): readonly LimitState[] {
  const agent = fleet?.agentById.get(agentState.id);
  if (fleet === null || agent === undefined) return [];
  const { budgets, rates } = fleet.limitsOf(agent, call.tool);
  const left: LimitState[] = [];
  for (const budget of budgets) {
    const remaining = remainingOf({ state, agent: agentState }, budget, call.atMs);
    left.push({ id: budget.id, unit: budget.unit, remaining });
  }
  for (const { id, limit, windowMs, shared } of rates) {
    if (shared) {
      const account = state.accountByLimit.get(`rate:${id}`);
      const ref = { kind: 'rate', limitId: limitIdOf(id), windowStart: 0, windowMs } as const;
      const remaining = availableOf(account, ref) + (account?.homeFree ?? limit);
      left.push({ id, unit: 'calls', remaining });
      continue;
    }
    const window = agentState.rateById.get(id);
    const used = window === undefined ? 0 : usedOf(window, call.atMs);
    left.push({ id, unit: 'calls', remaining: Math.max(0, limit - used) });
  }
  return left;
}
