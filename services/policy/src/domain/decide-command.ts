/** Orders of people and services: votes, suspension, breakers, ceilings. Refused ones are facts too. */

import { type PersonId, parseSubject, type Subject } from '@estop/schemas/ids';
import type { AuditRecordEvent, Command, CommandBody } from '@estop/schemas/messages';
import { decideVote } from './approvals.ts';
import { rearmBreaker } from './breaker/orders.ts';
import { type CeilingOrder, ceilingAfter } from './ceilings.ts';
import type { CheckContext } from './check-context.ts';
import { type CommandResult, done, refuse } from './command-result.ts';
import type { FleetPerson, Role } from './fleet.ts';
import type { Answer } from './input.ts';
import { CREDENTIALS_MAX } from './limits.ts';
import { hasRole, personOf } from './people.ts';
import { decideServiceOrder, isServiceBody, type ServiceBody } from './service-orders.ts';
import { isSliceBody, type SliceBody } from './shared/messages.ts';
import { decideSlice, orderLimit } from './shared/order-limit.ts';
import {
  type AgentState,
  initialAgent,
  initialSubject,
  type PartitionState,
  type SubjectState,
} from './state.ts';

interface Order<Body extends CommandBody> extends CheckContext {
  readonly command: Command;
  readonly body: Body;
  readonly person: FleetPerson;
  readonly subject: SubjectState;
}

/** What a person may order. */
type OrderBody = Exclude<CommandBody, SliceBody | ServiceBody>;

type BodyOf<Type extends CommandBody['type']> = Extract<CommandBody, { readonly type: Type }>;

const LEAST_ROLE: Readonly<Record<OrderBody['type'], Role>> = {
  Approve: 'approver',
  Reject: 'approver',
  Suspend: 'operator',
  Resume: 'operator',
  RearmBreaker: 'operator',
  IssueCredential: 'operator',
  RevokeCredential: 'operator',
  SetCeiling: 'admin',
  RaiseCeiling: 'admin',
};

/** Decides a command: one record that says accepted with its facts, or refused with why. */
export function decideCommand(context: CheckContext, command: Command): Answer {
  const subject = parseSubject(command.subject);
  if (subject === undefined) {
    return { kind: 'dead-letter', reason: 'malformed', detail: 'the subject is no id' };
  }
  const { body } = command;
  if (isSliceBody(body)) return decideSlice(context, command, body);
  const earlier = subjectState(context.state, subject);
  if (earlier?.answers.some((answer) => answer.commandId === command.commandId)) {
    return { kind: 'nothing' };
  }
  const result = isServiceBody(body)
    ? decideServiceOrder(context, { ...command, body }, subject)
    : carryOut(context, { ...command, body }, subject);
  const { commandId, by, reason } = command;
  if (result.ok) {
    const accepted: AuditRecordEvent = { type: 'CommandAccepted', commandId, by, reason };
    return record(command, [accepted, ...result.events]);
  }
  const { code, message, events = [] } = result;
  return record(command, [{ type: 'CommandRefused', commandId, by, code, message }, ...events]);
}

function subjectState(state: PartitionState, subject: Subject): SubjectState | undefined {
  switch (subject.kind) {
    case 'agent':
      return state.agentById.get(subject.id);
    case 'person':
      return state.personById.get(subject.id);
    case 'limit':
      return state.limitById.get(subject.id);
  }
}

function carryOut(
  context: CheckContext,
  command: Command & { readonly body: OrderBody },
  subject: Subject,
): CommandResult {
  const { body } = command;
  const person = personOf(context.fleet, command.by);
  if (person === undefined) return refuse('forbidden', `${command.by} is not in people.yaml`);
  const least: Role = subject.kind === 'person' ? 'admin' : LEAST_ROLE[body.type];
  if (!hasRole(person, least)) return refuse('forbidden', `this takes the role ${least} or above`);
  if (subject.kind === 'person') return orderPerson(context, command, { person, id: subject.id });
  if (subject.kind === 'limit') return orderLimit(context, command, subject.id);

  if (context.fleet?.agentById.has(subject.id) !== true) {
    return refuse('not-found', `the fleet has no agent ${subject.id}`);
  }
  const agent = context.state.agentById.get(subject.id) ?? initialAgent(subject.id);
  switch (body.type) {
    case 'Approve':
    case 'Reject':
      return decideVote(context, { agent, person, body });
    case 'Suspend':
      return agent.suspended ? done([]) : done([{ type: 'AgentSuspended' }]);
    case 'Resume':
      return agent.suspended ? done([{ type: 'AgentResumed' }]) : done([]);
    case 'RearmBreaker':
      return rearmBreaker(agent.breaker, command, context.atMs);
    case 'SetCeiling':
    case 'RaiseCeiling':
      return setCeiling(context, agent, body);
    case 'IssueCredential':
      return issue({ ...context, command, body, person, subject: agent });
    case 'RevokeCredential':
      return revoke({ ...context, command, body, person, subject: agent });
  }
}

function orderPerson(
  context: CheckContext,
  command: Command,
  about: { readonly person: FleetPerson; readonly id: PersonId },
): CommandResult {
  const { body } = command;
  const subject = context.state.personById.get(about.id) ?? initialSubject();
  if (context.fleet?.personById.has(about.id) !== true) {
    return refuse('not-found', `people.yaml has no ${about.id}`);
  }
  const { person } = about;
  if (body.type === 'IssueCredential') return issue({ ...context, command, body, person, subject });
  if (body.type === 'RevokeCredential')
    return revoke({ ...context, command, body, person, subject });
  return refuse('invalid', `${body.type} is about an agent, not a person`);
}

function setCeiling(context: CheckContext, agent: AgentState, body: CeilingOrder): CommandResult {
  const inFleet = context.fleet?.agentById.get(agent.id);
  const budgets = inFleet === undefined ? [] : context.fleet?.limitsOfAgent(inFleet).budgets;
  const budget = budgets?.find((candidate) => candidate.id === body.budgetId);
  if (budget === undefined) {
    return refuse('not-found', `no budget ${body.budgetId} counts for ${agent.id}`);
  }
  if (budget.shared) {
    return refuse('invalid', `${budget.id} is shared: its ceiling is set at its home`);
  }
  const previous = agent.ledgerById.get(budget.id)?.ceiling ?? budget.ceiling;
  const set = ceilingAfter(body, previous);
  return set.ok ? done([set.event]) : set;
}

function issue({ subject, body }: Order<BodyOf<'IssueCredential'>>): CommandResult {
  if (subject.credentialById.has(body.credentialId)) {
    return refuse('conflict', `credential ${body.credentialId} exists already`);
  }
  if (subject.credentialById.size >= CREDENTIALS_MAX) {
    return refuse('conflict', `${CREDENTIALS_MAX} credentials are live: revoke one first`);
  }
  const { credentialId, kind, secretHash, publicKey } = body;
  const proof = kind === 'api-key' ? secretHash : publicKey;
  if (proof === null) return refuse('invalid', `a credential of kind ${kind} lacks its proof`);
  return done([{ type: 'CredentialIssued', credentialId, kind, secretHash, publicKey }]);
}

function revoke({ subject, body }: Order<BodyOf<'RevokeCredential'>>): CommandResult {
  const { credentialId } = body;
  if (!subject.credentialById.has(credentialId)) {
    return refuse('not-found', `there is no live credential ${credentialId}`);
  }
  return done([{ type: 'CredentialRevoked', credentialId }]);
}

function record(command: Command, events: readonly AuditRecordEvent[]): Answer {
  return { kind: 'record', subject: command.subject, events };
}
