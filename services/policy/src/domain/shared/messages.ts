/** What partitions tell each other about shared limits once a record is proven. */
import { type BudgetId, type LimitId, limitSubject, type SubjectId } from '@estop/schemas/ids';
import type { AuditRecordEvent, CommandBody } from '@estop/schemas/messages';

/** The bodies of commands that only the policy service gives. */
export type SliceBody = Extract<
  CommandBody,
  { readonly type: 'RequestSlice' | 'GrantSlice' | 'RecallSlice' | 'OfferSlice' }
>;

/** The messages that follow from an event, each to the partition that `addressOf` names. */
export function messagesOf(event: AuditRecordEvent): readonly SliceBody[] {
  switch (event.type) {
    case 'SliceRequested':
      return [{ type: 'RequestSlice', ask: event.ask }];
    case 'SliceGranted':
      return [{ type: 'GrantSlice', answer: event.answer }];
    case 'SliceRecalled': {
      const { kind, limitId, windowStart, requester, partitions } = event;
      return partitions.map((partition) => {
        return { type: 'RecallSlice', kind, limitId, windowStart, requester, partition };
      });
    }
    case 'SliceOffered': {
      const { kind, limitId, windowStart, partitions } = event;
      return partitions.map((partition) => {
        return { type: 'OfferSlice', kind, limitId, windowStart, partition };
      });
    }
    default:
      return NONE;
  }
}

const NONE: readonly SliceBody[] = [];

/** The shared limits whose view an event about somebody else changes. */
export function sharedLimitsIn(event: AuditRecordEvent): readonly SubjectId[] {
  switch (event.type) {
    case 'IntentAllowed':
    case 'ApprovalRequested':
      return subjectsOf(event.held);
    case 'IntentDenied':
      return subjectsOf(event.released);
    case 'OutcomeRecorded':
    case 'HoldExpired':
      return subjectsOf(event.settled);
    case 'SliceRequested':
      return [limitSubject(event.ask.limitId)];
    default:
      return NO_SUBJECTS;
  }
}

function subjectsOf(
  uses: readonly { readonly shared: boolean; readonly budgetId: BudgetId }[],
): readonly SubjectId[] {
  if (!uses.some(({ shared }) => shared)) return NO_SUBJECTS;
  return uses.flatMap(({ shared, budgetId }) => (shared ? [limitSubject(budgetId)] : []));
}

const NO_SUBJECTS: readonly SubjectId[] = [];

/** Where a message goes: to the limit's home, or to a partition. */
export function addressOf(body: SliceBody): {
  readonly limitId: LimitId;
  readonly partition: number | 'home';
} {
  switch (body.type) {
    case 'RequestSlice':
      return { limitId: body.ask.limitId, partition: 'home' };
    case 'GrantSlice':
      return { limitId: body.answer.limitId, partition: body.answer.partition };
    case 'RecallSlice':
    case 'OfferSlice':
      return { limitId: body.limitId, partition: body.partition };
  }
}

export function isSliceBody(body: CommandBody): body is SliceBody {
  return SLICE_BODIES.has(body.type);
}

const SLICE_BODIES: ReadonlySet<CommandBody['type']> = new Set<SliceBody['type']>([
  'RequestSlice',
  'GrantSlice',
  'RecallSlice',
  'OfferSlice',
]);
