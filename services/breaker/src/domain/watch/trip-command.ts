/** An order as the decider takes it, with the evidence for it. */
import { type AgentId, agentSubject, type CommandId, parseCommandId } from '@estop/schemas/ids';
import { invariant } from '@estop/schemas/invariant';
import type { Command, CommandBody } from '@estop/schemas/messages';
import type { Finding } from '../finding.ts';
import type { Order } from '../ladder/ladder.ts';

/** By whom the orders are; the decider takes them from nobody else but operators. */
const BREAKER_SERVICE = 'service:breaker';
const TEXT_CHARS_MAX = 1_024;

/** Where a finding stands: the record it was told at, and its number among all that were. */
export interface Place {
  readonly partition: number;
  readonly offset: number;
  readonly index: number;
}

/** Its id is made of where the finding stands: given again, it is carried out once. */
export function tripCommand(
  agentId: AgentId,
  { finding, order }: { readonly finding: Finding; readonly order: Order },
  { partition, offset, index }: Place,
): Command {
  const commandId = idOf(`trip-${partition}-${offset}-${index}-${agentId}`);
  const body = tripBody(finding, order, partition);
  return { commandId, subject: agentSubject(agentId), by: BREAKER_SERVICE, reason: null, body };
}

function idOf(text: string): CommandId {
  const commandId = parseCommandId(text);
  invariant(commandId !== undefined, 'a place in the log makes a command id');
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
