/** Limits as operators see them, an agent's own and shared ones alike. */
import type { ScopedBudget, ScopedRate } from '@estop/policy/domain/fleet/checked-fleet';
import type { AgentView } from '@estop/schemas/messages';
import Type from 'typebox';
import { strict, TimeMs } from '../http/schemas.ts';
import type { SharedLimits } from '../read-models/shared-limits.ts';

const Shared = Type.Boolean({ description: 'true: one ceiling for all agents in its scope.' });
const Free = Type.Integer({ description: 'What nobody has spent, reserved or in a slice.' });
const InSlices = Type.Integer({
  description: 'Of a shared ceiling: granted to partitions, and neither spent nor reserved yet.',
});

export const Budget = strict(
  {
    budgetId: Type.String(),
    unit: Type.String({ description: 'calls, tokens or microUsd' }),
    window: Type.String(),
    windowStart: TimeMs,
    ceiling: Type.Integer(),
    spent: Type.Integer(),
    reserved: Type.Integer(),
    free: Free,
    shared: Shared,
    inSlices: InSlices,
  },
  { title: 'Budget' },
);

export const Rate = strict(
  {
    rateId: Type.String(),
    windowMs: Type.Integer(),
    limit: Type.Integer(),
    used: Type.Integer(),
    free: Free,
    shared: Shared,
    inSlices: InSlices,
  },
  { title: 'Rate' },
);

export function ownBudgetBody(budget: AgentView['budgets'][number]) {
  const free = Math.max(0, budget.ceiling - budget.spent - budget.reserved);
  return { ...budget, free, shared: false, inSlices: 0 };
}

export function ownRateBody(rate: AgentView['rates'][number]) {
  return { ...rate, free: Math.max(0, rate.limit - rate.used), shared: false, inSlices: 0 };
}

export function sharedBudgetBody(limits: SharedLimits, budget: ScopedBudget) {
  const { id: budgetId, unit, windowText: window } = budget;
  return { budgetId, unit, window, ...limits.budgetTotal(budget), shared: true };
}

export function sharedRateBody(limits: SharedLimits, rate: ScopedRate) {
  const { id: rateId, windowMs, limit } = rate;
  const { spent: used, free, inSlices } = limits.rateTotal(rate);
  return { rateId, windowMs, limit, used, free, shared: true, inSlices };
}
