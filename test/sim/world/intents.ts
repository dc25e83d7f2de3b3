/** Intents out of a step's numbers. */
import type { Input } from '@estop/policy/domain/input';
import { intentDigest } from '@estop/schemas/digest';
import type { Intent } from '@estop/schemas/messages';

interface Choice {
  readonly tool: string;
  readonly b: number;
  readonly c: number;
}

export function intentOf(intentId: string, agentId: string, { tool, b, c }: Choice): Input {
  const intent = {
    intentId,
    agentId,
    sessionId: null,
    tool,
    arguments: c % 23 === 0 ? '{"bad":1}' : `{"to":"t${b % 5}"}`,
    reason: null,
    task: null,
    tokens: tokensOf(c),
    microUsd: b % 4 === 0 ? null : b % 40,
    provenance: {},
    undo: null,
    proposedBy: c % 13 === 0 ? 'ben@x.org' : null,
    point: c % 5 === 0 ? 'door-1' : null,
  } as unknown as Intent;
  const digest = intentDigest(intent.agentId, intent.tool, intent.arguments);
  return { type: 'intent', intent, digest };
}

function tokensOf(c: number): number | null {
  if (c % 61 === 0) return -1;
  return c % 5 === 0 ? null : c % 100;
}
