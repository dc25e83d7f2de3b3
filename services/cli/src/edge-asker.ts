/** The SDK's client as enforcement points ask. */
import type { Answer, Asker } from '@estop/edge/asker';
import type { Client, Decision } from '@estop/sdk';

export function edgeAsker(client: Client): Asker {
  return {
    propose: async (call, options) => answerOf(await client.propose(call, options)),
    wait: async (intentId, options) => answerOf(await client.wait(intentId, options)),
    outcome: (intentId, outcome) => client.outcome(intentId, outcome),
  };
}

/** What the gateway does not say of the tool counts as the strictest. */
function answerOf(decision: Decision): Answer {
  if (decision.decision !== 'allow') return decision;
  return { tier: null, readAgainMs: 0, ...decision };
}
