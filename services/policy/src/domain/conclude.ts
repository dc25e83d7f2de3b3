/**
 * What becomes of an intent, as events: when it arrives, when its people have said yes, and when it
 * has waited for a slice. What is due of its agent's breaker comes first.
 */
import type { AgentId } from '@estop/schemas/ids';
import type { AuditRecordEvent } from '@estop/schemas/messages';
import {
  type BreakerEvent,
  changeByProbes,
  probeFailed,
  type Seat,
  seatOf,
  termsOf,
} from './breaker/changes.ts';
import type { CheckContext } from './check-context.ts';
import { checkIntent, type KnownIntent } from './check-intent.ts';
import type { Denial } from './denial.ts';
import { type Judged, verdictEvents } from './verdict-events.ts';

export type Known = Denial | { readonly kind: 'known'; readonly intent: KnownIntent };

/** Empty when an intent that waits for a slice waits on and nothing is new. */
export function conclude(
  context: CheckContext,
  judged: Judged,
  known: Known,
): readonly AuditRecordEvent[] {
  const seat = seatOf(context, judged.intent);
  const { breaker } = seat;
  const verdict =
    known.kind === 'deny'
      ? known
      : checkIntent(context, known.intent, { approval: judged.approved, breaker });
  const events = verdictEvents(context, judged, verdict);
  if (seat.change === null && breaker.mode !== 'half-open') return events;
  // It waits on: its breaker has its turn when it goes on, or with a tick.
  if (events.every(({ type }) => type === 'SliceRequested')) return events;
  const { agentId } = judged.intent;
  const after = changeAfter(context, seat, { known, events, agentId });
  return [
    ...(seat.change === null ? [] : [seat.change]),
    ...events,
    ...(after === null ? [] : [after]),
  ];
}

interface Concluded {
  readonly known: Known;
  readonly events: readonly AuditRecordEvent[];
  readonly agentId: AgentId;
}

/** A read that a half-open breaker let through, and a later check did not, has failed as a probe. */
function changeAfter(
  context: CheckContext,
  { breaker }: Seat,
  { known, events, agentId }: Concluded,
): BreakerEvent | null {
  if (breaker.mode !== 'half-open') return null;
  const { atMs } = context;
  const trying = { terms: termsOf(context, agentId), atMs };
  if (known.kind === 'known' && known.intent.tool.tier === 'read') {
    const denied = events.find((event) => event.type === 'IntentDenied');
    if (denied !== undefined && !BEFORE_PROBE.has(denied.reason)) {
      const why = `probe ${denied.intentId} was denied: ${denied.reason}`;
      return probeFailed(breaker, why, trying);
    }
  }
  return changeByProbes(breaker, events, trying);
}

/** Whoever is denied for these was not let through. */
const BEFORE_PROBE: ReadonlySet<Denial['reason']> = new Set<Denial['reason']>([
  'halted',
  'agent-unknown',
  'agent-suspended',
  'breaker-open',
]);
