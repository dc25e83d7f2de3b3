/** Commands about shared limits: what partitions tell each other, and ceilings that people set. */

import { type LimitId, limitSubject } from '@estop/schemas/ids';
import type { Command } from '@estop/schemas/messages';
import { ceilingAfter } from '../ceilings.ts';
import type { CheckContext } from '../check-context.ts';
import { type CommandResult, done, refuse } from '../command-result.ts';
import type { Answer } from '../input.ts';
import { POLICY_SERVICE } from '../people.ts';
import { decideGrant, decideOffer, decideRecall } from './holder.ts';
import { afterCeiling, decideAsk } from './home.ts';
import { addressOf, type SliceBody } from './messages.ts';
import { newPool } from './pool.ts';

/** Decides what another partition says. */
export function decideSlice(context: CheckContext, command: Command, body: SliceBody): Answer {
  const { limitId, partition } = addressOf(body);
  if (command.by !== POLICY_SERVICE || command.subject !== limitSubject(limitId)) {
    const detail = 'only the policy service speaks of slices, and of one limit at a time';
    return { kind: 'dead-letter', reason: 'malformed', detail };
  }
  if (partition !== 'home' && partition !== context.state.partition) {
    return { kind: 'dead-letter', reason: 'malformed', detail: `it is for ${partition}` };
  }
  switch (body.type) {
    case 'RequestSlice':
      return decideAsk(context, body.ask);
    case 'GrantSlice':
      return decideGrant(context, body.answer);
    case 'RecallSlice':
      return decideRecall(context, body);
    case 'OfferSlice':
      return decideOffer(context, body);
  }
}

/** A person sets the ceiling of a shared budget, at its home. */
export function orderLimit(
  context: CheckContext,
  { body }: Command,
  limitId: LimitId,
): CommandResult {
  if (body.type !== 'SetCeiling' && body.type !== 'RaiseCeiling') {
    return refuse('invalid', `${body.type} is about an agent, not a limit`);
  }
  const budget = context.fleet?.sharedBudgetById.get(limitId);
  if (budget === undefined || body.budgetId !== budget.id) {
    return refuse('not-found', `the fleet has no shared budget ${limitId}`);
  }
  const pool = context.state.poolByLimit.get(`budget:${limitId}`) ?? newPool('budget', limitId);
  const set = ceilingAfter(body, pool.ceiling ?? budget.ceiling);
  return set.ok ? done([set.event, ...afterCeiling(context, pool, set.event)]) : set;
}
