/** An order as the decider takes it, with the evidence for it. */
import { type AgentId, agentSubject, type CommandId, parseCommandId } from '@estop/schemas/ids';
import { invariant } from '@estop/schemas/invariant';
import type { Command, CommandBody } from '@estop/schemas/messages';
import type { Finding } from '../finding.ts';
import type { Order } from '../ladder/ladder.ts';

/** By whom the orders are; the decider takes them from nobody else but operators. */
const BREAKER_SERVICE = 'service:breaker';
const TEXT_CHARS_MAX = 1_024;

/** Its id is made of the finding: given again, it is carried out once. */
export function tripCommand(
  agentId: AgentId,
  { finding, order }: { readonly finding: Finding; readonly order: Order },
  partition: number,
): Command {
  const commandId = tripId(agentId, finding);
  const body = tripBody(finding, order, partition);
  return { commandId, subject: agentSubject(agentId), by: BREAKER_SERVICE, reason: null, body };
}

/** Of a finding of an agent there is one at a time, whenever it is made. */
export function tripId(agentId: AgentId, { at, rule, signal, tier }: Finding): CommandId {
  const commandId = parseCommandId(`trip-${at}-${rule}-${signal}-${tier ?? 'all'}-${agentId}`);
  invariant(commandId !== undefined, 'a finding makes a command id');
  return commandId;
}

function tripBody(
  finding: Finding,
  { mode, until, opens, proposesKill }: Order,
  partition: number,
): Extract<CommandBody, { readonly type: 'TripBreaker' }> {
  const { signal, rule, kind, tier, windowMs, expected, observed, evidence: chance } = finding;
  const calls = finding.calls.map((offset) => ({ partition, offset }));
  const about = { rule, kind, tier, windowMs, expected, observed, chance, calls, opens };
  return {
    type: 'TripBreaker',
    mode,
    until,
    signal,
    explanation: explained(finding.sentence, { opens, proposesKill }),
    evidence: JSON.stringify(about),
    proposesKill,
  };
}

function explained(
  sentence: string,
  { opens, proposesKill }: Pick<Order, 'opens' | 'proposesKill'>,
): string {
  const proposal = proposesKill ? `; it opened ${opens} times in a day: consider a kill` : '';
  return `${sentence.slice(0, TEXT_CHARS_MAX - proposal.length)}${proposal}`;
}
