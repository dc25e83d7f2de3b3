/** Ceilings: what agents share, `/v1/limits`, and what people set. */
import {
  type AgentId,
  agentSubject,
  type BudgetId,
  limitSubject,
  parseBudgetId,
} from '@estop/schemas/ids';
import { invariant } from '@estop/schemas/invariant';
import type { CommandBody } from '@estop/schemas/messages';
import Type from 'typebox';
import { personBehind } from '../auth/principal.ts';
import { ORDER_PROBLEMS } from '../commands.ts';
import type { GatewayContext } from '../context.ts';
import { type App, principalOf } from '../http/app.ts';
import { Amount, AmountAboveZero, ReasonText, strict } from '../http/schemas.ts';
import { ProblemError } from '../problems.ts';
import { agentIdParam } from './agents.ts';
import { Budget, ownBudgetBody, Rate, sharedBudgetBody, sharedRateBody } from './limit-body.ts';

export function limitRoutes(app: App, context: GatewayContext): void {
  addLimits(app, context);
  addBudget(app, context);
}

function addLimits(app: App, { sharedLimits }: GatewayContext): void {
  app.get(
    '/v1/limits',
    {
      config: {
        access: 'viewer',
        doc: {
          operationId: 'listSharedLimits',
          tag: 'Operators',
          summary: 'Every shared budget and rate: ceiling, spent, reserved, free, in slices',
          answers: { 200: strict({ budgets: Type.Array(Budget), rates: Type.Array(Rate) }) },
        },
      },
    },
    async () => ({
      budgets: sharedLimits.budgets().map((budget) => sharedBudgetBody(sharedLimits, budget)),
      rates: sharedLimits.rates().map((rate) => sharedRateBody(sharedLimits, rate)),
    }),
  );
}

function addBudget(app: App, context: GatewayContext): void {
  const Ceiling = strict(
    {
      ceiling: Type.Optional(Amount),
      raiseBy: Type.Optional(AmountAboveZero),
      reason: ReasonText,
    },
    {
      title: 'Ceiling',
      description: 'Either `ceiling` or `raiseBy`, in the unit of the budget.',
      oneOf: [{ required: ['ceiling'] }, { required: ['raiseBy'] }],
    },
  );
  const BudgetParams = strict({ id: Type.String(), bid: Type.String() });
  app.post(
    '/v1/agents/:id/budgets/:bid',
    {
      schema: { params: BudgetParams, body: Ceiling },
      config: {
        access: 'admin',
        doc: {
          operationId: 'setCeiling',
          tag: 'Operators',
          summary: "Set or raise an agent's ceiling on a budget; a shared one for all who share it",
          answers: { 200: Budget },
          problems: ORDER_PROBLEMS,
        },
      },
    },
    async (request) => {
      const { id, bid } = request.params;
      const budgetId = parseBudgetId(bid);
      if (budgetId === undefined) throw new ProblemError('not-found', 'there is no such budget');
      const agentId = agentIdParam(id);
      const shared = sharedBudget(context, agentId, budgetId);
      const { view } = await context.commander.order({
        subject: shared === undefined ? agentSubject(agentId) : limitSubject(budgetId),
        by: personBehind(principalOf(request)).id,
        reason: request.body.reason,
        body: ceilingOrder(budgetId, request.body),
      });
      if (shared !== undefined) return sharedBudgetBody(context.sharedLimits, shared);
      const budget = view.budgets.find((one) => one.budgetId === budgetId);
      if (budget === undefined) throw new ProblemError('not-found', `there is no budget ${bid}`);
      return ownBudgetBody(budget);
    },
  );
}

interface CeilingBody {
  readonly ceiling?: number | undefined;
  readonly raiseBy?: number | undefined;
}

function ceilingOrder(budgetId: BudgetId, { ceiling, raiseBy }: CeilingBody): CommandBody {
  if (ceiling !== undefined) return { type: 'SetCeiling', budgetId, ceiling };
  invariant(raiseBy !== undefined, 'the schema asks for one of both');
  return { type: 'RaiseCeiling', budgetId, raiseBy };
}

function sharedBudget({ fleet, sharedLimits }: GatewayContext, agentId: AgentId, id: BudgetId) {
  const agent = fleet.agent(agentId);
  if (agent === undefined) return undefined;
  return sharedLimits.budgets(agent).find((budget) => budget.id === id);
}
