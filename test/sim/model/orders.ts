/** What becomes of orders of people: votes, suspensions, ceilings. From the public contract. */
import type { Command } from '@estop/schemas/messages';
import { type BudgetSpec, type FleetSpec, type PersonSpec, toolSpec } from '../fleet-spec.ts';
import { type AgentFacts, type Gate, gatesOf, type Pending } from './facts.ts';

const RANK = { viewer: 0, approver: 1, operator: 2, admin: 3 };
const ANYBODY: Gate = { approvers: [], quorum: 1 };

export type Ruling =
  | { readonly kind: 'refused'; readonly code: string }
  /** Refused, and the intent is denied since its time is over. */
  | { readonly kind: 'expired'; readonly pending: Pending }
  | { readonly kind: 'rejected' | 'voted' | 'granted'; readonly pending: Pending }
  | { readonly kind: 'ceiling'; readonly amount: number }
  | { readonly kind: 'suspended' | 'resumed' | 'rearmed' | 'nothing' };

export interface Bench {
  readonly fleet: FleetSpec | null;
  readonly agent: AgentFacts;
  readonly agentId: string;
  readonly atMs: number;
  readonly isWaiting: (intentId: string) => boolean;
}

export function rankOf(fleet: FleetSpec | null, person: string): number {
  const known = fleet?.people.find(({ id }) => id === person);
  return known === undefined ? -1 : RANK[known.role];
}

/** An order about an agent, by somebody with the role that it takes. */
export function ruleOn(bench: Bench, { body, by, reason }: Command): Ruling {
  const { fleet, agent, agentId } = bench;
  if (rankOf(fleet, by) < leastRank(body.type)) return refused('forbidden');
  if (!fleet?.agents.some(({ id }) => id === agentId)) return refused('not-found');
  switch (body.type) {
    case 'Suspend':
      return { kind: agent.suspended ? 'nothing' : 'suspended' };
    case 'Resume':
      return { kind: agent.suspended ? 'resumed' : 'nothing' };
    case 'RearmBreaker':
      return reason === null ? refused('invalid') : { kind: 'rearmed' };
    case 'Approve':
    case 'Reject':
      return ruleOnVote(bench, body, by);
    case 'SetCeiling':
    case 'RaiseCeiling': {
      const budget = fleet.budgets.find(({ id }) => id === body.budgetId);
      if (budget === undefined) return refused('not-found');
      if (budget.shared) return refused('invalid');
      return ruleOnCeiling(body, agent.ledgers.get(budget.id)?.ceiling ?? budget.ceiling);
    }
    default:
      throw new RangeError(`no order ${body.type} in the simulation`);
  }
}

export function ruleOnShared(
  fleet: FleetSpec | null,
  { body, by }: Command,
  ceilingOf: (budget: BudgetSpec) => number,
): Ruling {
  if (rankOf(fleet, by) < RANK.admin) return refused('forbidden');
  if (body.type !== 'SetCeiling' && body.type !== 'RaiseCeiling') return refused('invalid');
  const budget = fleet?.budgets.find(({ id, shared }) => shared && id === body.budgetId);
  return budget === undefined ? refused('not-found') : ruleOnCeiling(body, ceilingOf(budget));
}

function ruleOnCeiling(body: Command['body'], before: number): Ruling {
  if (body.type === 'SetCeiling') return limited(body.ceiling);
  return body.type === 'RaiseCeiling' ? limited(before + body.raiseBy) : refused('invalid');
}

function limited(amount: number): Ruling {
  return amount < 0 ? refused('invalid') : { kind: 'ceiling', amount };
}

const ABOUT_ONE_AGENT: ReadonlySet<string> = new Set([
  'Suspend',
  'Resume',
  'TripBreaker',
  'RearmBreaker',
]);

export function leastRank(type: Command['body']['type']): number {
  if (type === 'Approve' || type === 'Reject') return RANK.approver;
  return ABOUT_ONE_AGENT.has(type) ? RANK.operator : RANK.admin;
}

function ruleOnVote(
  bench: Bench,
  body: Extract<Command['body'], { readonly type: 'Approve' | 'Reject' }>,
  by: string,
): Ruling {
  const { fleet, agent, atMs } = bench;
  const pending = agent.pending.get(body.intentId);
  if (pending === undefined) {
    return refused(agent.finals.has(body.intentId) ? 'conflict' : 'not-found');
  }
  if (body.digest !== pending.digest) return refused('conflict');
  if (atMs >= pending.expiresMs) return { kind: 'expired', pending };
  if (bench.isWaiting(body.intentId)) return refused('conflict');
  const gates = gatesFor(fleet, pending);
  const person = fleet?.people.find(({ id }) => id === by);
  if (!gates.some((gate) => maySpeak(person, gate))) return refused('forbidden');
  if (body.type === 'Reject') return { kind: 'rejected', pending };
  if (pending.intent.proposedBy === by || isBarredOwner(fleet, gates, by)) {
    return refused('forbidden');
  }
  if (pending.votes.includes(by)) return refused('conflict');
  const voters = [...pending.votes, by].filter((id) => {
    return rankOf(fleet, id) >= RANK.approver && !isBarredOwner(fleet, gates, id);
  });
  const isMet = gates.every((gate) => {
    const speaking = voters.filter((id) => {
      return maySpeak(
        fleet?.people.find((one) => one.id === id),
        gate,
      );
    });
    return speaking.length >= gate.quorum;
  });
  return { kind: isMet ? 'granted' : 'voted', pending };
}

/** What was asked when the intent came, and what the rules in force ask now. */
function gatesFor(fleet: FleetSpec | null, { gates, intent }: Pending): readonly Gate[] {
  const asked = gates.length > 0 ? gates : [ANYBODY];
  const isPresent = fleet?.agents.some(({ id }) => id === intent.agentId) === true;
  if (fleet === null || !isPresent) return asked;
  const tool = toolSpec(fleet, intent.tool);
  return tool.rule === 'ask' ? [...asked, ...gatesOf(tool)] : asked;
}

function maySpeak(person: PersonSpec | undefined, { approvers }: Gate): boolean {
  if (person === undefined) return false;
  if (approvers.length === 0 || person.role === 'admin') return true;
  return person.groups.some((group) => approvers.includes(group));
}

/** The owner of the agent has no say where more than one is asked. */
function isBarredOwner(fleet: FleetSpec | null, gates: readonly Gate[], id: string): boolean {
  return fleet?.owner === id && gates.some(({ quorum }) => quorum > 1);
}

function refused(code: string): Ruling {
  return { kind: 'refused', code };
}
