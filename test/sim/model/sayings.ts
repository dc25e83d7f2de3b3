/** Events in one line each, so that what was expected and what was recorded are held side by side. */
import type {
  AuditRecordEvent,
  BreakerChanged,
  BudgetUse,
  Settlement,
} from '@estop/schemas/messages';
import type { Gate, Lack, Use } from './facts.ts';

export interface Settled extends Use {
  readonly spent: number;
}

export interface Asked {
  readonly reason: string;
  readonly held: readonly Use[];
  readonly expiresMs: number;
  readonly gates: readonly Gate[];
}

type Turn = Pick<BreakerChanged, 'from' | 'to' | 'until' | 'opens'> & { readonly cause: string };

export const say = {
  proposed: (id: string, about: { tier: string; tokens: number | null; microUsd: number | null }) =>
    `proposed ${id} ${about.tier} ${about.tokens ?? 0} ${about.microUsd ?? 0}`,
  allowed: (id: string, about: { reason: string; held: readonly Use[]; untilMs: number }) =>
    `allowed ${id} ${about.reason} holds ${uses(about.held)} until ${about.untilMs}`,
  denied: (id: string, reason: string, released: readonly Use[]) =>
    `denied ${id} ${reason} releases ${uses(released.filter(({ shared }) => shared))}`,
  asked: (id: string, about: Asked) =>
    `asked ${id} ${about.reason} holds ${uses(about.held)} until ${about.expiresMs} of ${gates(about.gates)}`,
  awaited: (id: string, about: { untilMs: number; needs: readonly Lack[]; isApproved: boolean }) =>
    `awaited ${id} until ${about.untilMs} ${about.isApproved} ${needs(about.needs)}`,
  voted: (id: string, person: string, vote: string) => `voted ${id} ${person} ${vote}`,
  outcome: (id: string, status: string, settled: readonly Settled[]) =>
    `outcome ${id} ${status} ${settlements(settled)}`,
  expired: (id: string, settled: readonly Settled[]) => `expired ${id} ${settlements(settled)}`,
  accepted: (id: string) => `accepted ${id}`,
  refused: (id: string, code: string) => `refused ${id} ${code}`,
  ceiling: (budget: string, amount: number) => `ceiling ${budget} ${amount}`,
  breaker: ({ from, to, cause, until, opens }: Turn) =>
    `breaker ${from} to ${to} ${cause} until ${until} opened ${opens}`,
  reported: (haltId: string, about: { confirmed: number; silent: number }) =>
    `reported ${haltId} ${about.confirmed} ${about.silent}`,
  suspended: 'suspended',
  resumed: 'resumed',
  started: 'started',
  fleet: (hash: string) => `fleet ${hash.slice(0, 10)}`,
  halt: (haltId: string, epoch: number, isLifted: boolean) =>
    `${isLifted ? 'lifted' : 'halted'} ${haltId} ${epoch}`,
};

/** Null: it speaks of slices, which have a book of their own. */
export function sayingOf(event: AuditRecordEvent): string | null {
  switch (event.type) {
    case 'IntentProposed':
      return say.proposed(event.intent.intentId, event);
    case 'IntentAllowed': {
      const { intentId, reason, held, holdUntil } = event;
      return say.allowed(intentId, { reason, held: held.map(useOf), untilMs: holdUntil });
    }
    case 'IntentDenied':
      return say.denied(event.intentId, event.reason, event.released.map(useOf));
    case 'ApprovalRequested': {
      const { intentId, reason, held, expiresAt: expiresMs, gates: asked } = event;
      return say.asked(intentId, { reason, held: held.map(useOf), expiresMs, gates: asked });
    }
    case 'IntentAwaited': {
      const { intentId, until, needs: lacks, approved } = event;
      const named = lacks.map(({ kind, limitId, amount }) => ({ kind, limit: limitId, amount }));
      return say.awaited(intentId, { untilMs: until, needs: named, isApproved: approved });
    }
    case 'ApprovalVoted':
      return say.voted(event.intentId, event.person, event.vote);
    case 'OutcomeRecorded': {
      const { outcome, settled } = event;
      return say.outcome(outcome.intentId, outcome.status, settled.map(settledOf));
    }
    case 'HoldExpired':
      return say.expired(event.intentId, event.settled.map(settledOf));
    default:
      return orderSaying(event);
  }
}

function orderSaying(event: AuditRecordEvent): string | null {
  switch (event.type) {
    case 'CommandAccepted':
      return say.accepted(event.commandId);
    case 'CommandRefused':
      return say.refused(event.commandId, event.code);
    case 'CeilingSet':
      return say.ceiling(event.budgetId, event.ceiling);
    case 'BreakerChanged':
      return say.breaker(event);
    case 'HaltReported':
      return say.reported(event.haltId, event);
    case 'AgentSuspended':
      return say.suspended;
    case 'AgentResumed':
      return say.resumed;
    case 'WriterStarted':
      return say.started;
    case 'FleetActivated':
      return say.fleet(event.hash);
    case 'HaltApplied':
    case 'HaltLifted':
      return say.halt(event.halt.haltId, event.halt.epoch, event.halt.lifted);
    default:
      return null;
  }
}

function useOf({ budgetId, windowStart, amount, shared }: BudgetUse): Use {
  return { budget: budgetId, start: windowStart, amount, shared };
}

function settledOf({ budgetId, windowStart, reserved, shared, spent }: Settlement): Settled {
  return { budget: budgetId, start: windowStart, amount: reserved, shared, spent };
}

function uses(list: readonly Use[]): string {
  return list.map(({ budget, start, amount }) => `${budget}@${start}:${amount}`).join(',');
}

function settlements(list: readonly Settled[]): string {
  return list
    .map(({ budget, start, amount, spent }) => `${budget}@${start}:${amount}→${spent}`)
    .join(',');
}

function gates(list: readonly Gate[]): string {
  return list.map(({ approvers, quorum }) => `${quorum}of${approvers.join('+')}`).join(',');
}

function needs(list: readonly Lack[]): string {
  return list.map(({ kind, limit, amount }) => `${kind}:${limit}:${amount}`).join(',');
}
