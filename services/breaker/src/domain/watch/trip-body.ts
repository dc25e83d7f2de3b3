/** An order as the decider takes it, with the evidence for it. */
import type { CommandBody } from '@estop/schemas/messages';
import type { Finding } from '../finding.ts';
import type { Order } from '../ladder/ladder.ts';

const TEXT_CHARS_MAX = 1_024;

export function tripBody(
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
