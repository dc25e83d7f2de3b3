/**
 * Votes on an intent that waits. A vote counts for exactly one arguments digest; when the quorum is
 * reached everything is checked again, and only then is it allowed.
 */

import type { AuditRecordEvent, Command } from '@estop/schemas/messages';
import type { ApprovalGate } from './authorize.ts';
import type { CheckContext } from './check-context.ts';
import { termsInForce } from './check-intent.ts';
import { type CommandResult, done, refuse } from './command-result.ts';
import { conclude } from './conclude.ts';
import { knowIntent } from './decide-intent.ts';
import { deny } from './denial.ts';
import type { FleetPerson } from './fleet.ts';
import { hasRole, personOf } from './people.ts';
import { awaitedOf } from './shared/awaited.ts';
import type { AgentState, PendingIntent } from './state.ts';
import { deniedEvent } from './verdict-events.ts';

type VoteBody = Extract<Command['body'], { readonly type: 'Approve' | 'Reject' }>;

interface Ballot {
  readonly agent: AgentState;
  readonly person: FleetPerson;
  readonly body: VoteBody;
}

/** Decides a vote of a person who has at least the role of an approver. */
export function decideVote(context: CheckContext, ballot: Ballot): CommandResult {
  const { agent, body } = ballot;
  const pending = agent.pendingById.get(body.intentId);
  if (pending === undefined) {
    return agent.decidedById.has(body.intentId)
      ? refuse('conflict', `intent ${body.intentId} is decided already`)
      : refuse('not-found', `no intent ${body.intentId} of ${agent.id} waits for approval`);
  }
  if (body.digest !== pending.decision.digest) {
    return refuse('conflict', `the digest is ${pending.decision.digest}: look at it again`);
  }
  if (context.atMs >= pending.expiresAt) {
    const events = [expiredEvent(pending)];
    return { ok: false, code: 'conflict', message: 'the approval has expired', events };
  }
  if (awaitedOf(context.state, pending.intent) !== undefined) {
    return refuse('conflict', 'it is approved already, and waits for a shared ceiling');
  }
  const refusal = checkVoter(context, ballot, pending);
  if (refusal !== null) return refusal;
  return countVote(context, ballot, pending);
}

/** The denial of an intent whose approval ran out. */
export function expiredEvent(pending: PendingIntent): AuditRecordEvent {
  const denial = deny('approval-expired', 'nobody approved it in time', {
    rules: pending.decision.rules,
  });
  return deniedEvent({ intent: pending.intent, approved: pending }, denial);
}

function checkVoter(
  context: CheckContext,
  { person, body }: Ballot,
  pending: PendingIntent,
): CommandResult | null {
  const approval = pending.decision.approval;
  const gates = gatesOf(context, pending);
  if (!gates.some((gate) => speaksFor(person, gate))) {
    const approvers = [...new Set(gates.flatMap((gate) => gate.approvers))];
    return refuse('forbidden', `approvers of this are ${approvers.join(', ')}`);
  }
  if (body.type === 'Reject') return null;
  if (pending.intent.proposedBy === person.id) {
    return refuse('forbidden', 'nobody approves what they proposed themselves');
  }
  if (isOwnerOfMany(context, pending, { gates, person })) {
    return refuse('forbidden', "the agent's owner does not count towards a quorum above one");
  }
  if (approval?.approvedBy.includes(person.id)) {
    return refuse('conflict', `${person.id} approved it already`);
  }
  return null;
}

function countVote(
  context: CheckContext,
  { person, body }: Ballot,
  pending: PendingIntent,
): CommandResult {
  const { intentId } = body;
  const vote = body.type === 'Approve' ? 'approve' : 'reject';
  const voted: AuditRecordEvent = { type: 'ApprovalVoted', intentId, person: person.id, vote };
  if (vote === 'reject') return done([voted, rejectedEvent(pending, person)]);
  const ids = [...(pending.decision.approval?.approvedBy ?? []), person.id];
  const gates = gatesOf(context, pending);
  // Who has left, lost the role or become the owner since the vote counts no more.
  const voters = ids.flatMap((id) => {
    const voter = personOf(context.fleet, id);
    if (voter === undefined || !hasRole(voter, 'approver')) return [];
    return isOwnerOfMany(context, pending, { gates, person: voter }) ? [] : [voter];
  });
  const isGranted = gates.every((gate) => {
    return voters.filter((voter) => speaksFor(voter, gate)).length >= gate.quorum;
  });
  return done(isGranted ? [voted, ...finalEvents(context, pending)] : [voted]);
}

/** The agent's owner has no say where more than one is asked. */
function isOwnerOfMany(
  { fleet }: CheckContext,
  { intent }: PendingIntent,
  { gates, person }: { readonly gates: readonly ApprovalGate[]; readonly person: FleetPerson },
): boolean {
  const owner = fleet?.agentById.get(intent.agentId)?.owner ?? null;
  return owner === person.id && gates.some(({ quorum }) => quorum > 1);
}

/**
 * What people must have said: what each rule asked when the intent came, and what each asks that is
 * in force now.
 */
function gatesOf(context: CheckContext, pending: PendingIntent): readonly ApprovalGate[] {
  const asked = pending.gates.length > 0 ? pending.gates : [ANY_APPROVER];
  const known = knowIntent(context.fleet, pending.intent);
  const terms = known.kind === 'deny' ? null : termsInForce(context, known.intent);
  return [...asked, ...(terms?.gates ?? [])];
}

const ANY_APPROVER: ApprovalGate = { approvers: [], quorum: 1 };

/** Members of the groups that are asked, and admins in their place. */
function speaksFor(person: FleetPerson, { approvers }: ApprovalGate): boolean {
  if (approvers.length === 0 || hasRole(person, 'admin')) return true;
  return person.groups.some((group) => approvers.includes(group));
}

function rejectedEvent(pending: PendingIntent, person: FleetPerson): AuditRecordEvent {
  const { rules } = pending.decision;
  const denial = deny('approval-rejected', `rejected by ${person.id}`, { rules });
  return deniedEvent({ intent: pending.intent, approved: pending }, denial);
}

/** The people said yes: halt, agent, rules, arguments, rates and budgets still decide. */
function finalEvents(context: CheckContext, pending: PendingIntent): readonly AuditRecordEvent[] {
  const { intent } = pending;
  const known = knowIntent(context.fleet, intent);
  return conclude(context, { intent, approved: pending }, known);
}
