/** What services say by commands: that a breaker trips, and how a halt arrived. */
import type { Subject } from '@estop/schemas/ids';
import type { Command, CommandBody } from '@estop/schemas/messages';
import { tripBreaker } from './breaker/orders.ts';
import type { CheckContext } from './check-context.ts';
import { type CommandResult, done, refuse } from './command-result.ts';
import { BREAKER_SERVICE, GATEWAY_SERVICE, hasRole, personOf } from './people.ts';
import { initialAgent } from './state.ts';

export type ServiceBody = Extract<CommandBody, { readonly type: 'TripBreaker' | 'ReportHalt' }>;

type ReportOrder = Extract<CommandBody, { readonly type: 'ReportHalt' }>;

export function isServiceBody(body: CommandBody): body is ServiceBody {
  return body.type === 'TripBreaker' || body.type === 'ReportHalt';
}

export function decideServiceOrder(
  context: CheckContext,
  command: Command & { readonly body: ServiceBody },
  subject: Subject,
): CommandResult {
  const { body } = command;
  if (body.type === 'ReportHalt') return reportHalt(context, command, { subject, body });
  const person = personOf(context.fleet, command.by);
  const mayTrip = person !== undefined && hasRole(person, 'operator');
  if (command.by !== BREAKER_SERVICE && !mayTrip) {
    return refuse('forbidden', `${BREAKER_SERVICE} and operators trip a breaker`);
  }
  if (subject.kind !== 'agent') return refuse('invalid', 'a breaker is that of an agent');
  if (context.fleet?.agentById.has(subject.id) !== true) {
    return refuse('not-found', `the fleet has no agent ${subject.id}`);
  }
  const { breaker } = context.state.agentById.get(subject.id) ?? initialAgent(subject.id);
  return tripBreaker(breaker, body, context.atMs);
}

function reportHalt(
  { fleet }: CheckContext,
  { by }: Command,
  { subject, body }: { readonly subject: Subject; readonly body: ReportOrder },
): CommandResult {
  if (subject.kind !== 'person') {
    return refuse('invalid', 'the subject of a report is the person who said the halt');
  }
  const person = personOf(fleet, by);
  const isOwn = person?.id === subject.id && hasRole(person, 'operator');
  if (by !== GATEWAY_SERVICE && !isOwn) {
    return refuse('forbidden', `${GATEWAY_SERVICE} or who said the halt reports on it`);
  }
  const { points, confirmed, silent, confirmedInMs, fencedInMs } = body;
  const numbers = [points, confirmed, silent, confirmedInMs ?? 0, fencedInMs ?? 0];
  if (numbers.some((one) => one < 0) || confirmed + silent > points) {
    return refuse('invalid', 'of the points some confirmed and some were silent: no more than all');
  }
  return done([{ ...body, type: 'HaltReported' }]);
}
