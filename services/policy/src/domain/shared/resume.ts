/** An intent that waited for slices is checked once more, from the beginning. */

import type { CheckContext } from '../check-context.ts';
import { conclude } from '../conclude.ts';
import { knowIntent } from '../decide-intent.ts';
import { type Answer, NOTHING } from '../input.ts';
import { aboutAgent, type Judged } from '../verdict-events.ts';
import { awaitedOf } from './awaited.ts';
import type { AwaitedRef } from './slice-state.ts';

export function decideResume(context: CheckContext, ref: AwaitedRef): Answer {
  const { state } = context;
  const awaited = awaitedOf(state, ref);
  if (awaited === undefined) return NOTHING;
  const pending = state.agentById.get(ref.agentId)?.pendingById.get(ref.intentId) ?? null;
  const intent = (awaited.proposed ?? pending)?.intent;
  if (intent === undefined) return NOTHING;
  const judged: Judged = { intent, approved: awaited.proposed === null ? pending : null };
  const events = conclude(context, judged, knowIntent(context.fleet, intent));
  return events.length === 0 ? NOTHING : aboutAgent(intent, events);
}
