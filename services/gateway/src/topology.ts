import { defineTopology } from '@estop/runtime/topology';
import { LOG_VARIABLES, PROCESS_VARIABLES } from '@estop/runtime/variables';

export const topology = defineTopology({
  service: 'gateway',
  summary: 'the HTTP door: authentication, intents, outcomes, operators, event streams',
  runs: 'service',
  reads: [
    { topic: 'decisions.v1', purpose: 'to answer those who wait' },
    { topic: 'agents.v1', purpose: 'credentials, states and the answers to commands' },
    { topic: 'halts.v1', purpose: 'to refuse at the door what they cover' },
    { topic: 'policies.v1', purpose: 'the fleet that is active' },
    { topic: 'breakers.v1', purpose: 'what was found of whom, and its numbers' },
    { topic: 'audit.v1', purpose: 'records that operators look up' },
  ],
  writes: [
    { topic: 'intents.v1', purpose: 'what agents ask for' },
    { topic: 'outcomes.v1', purpose: 'what came of it' },
    { topic: 'commands.v1', purpose: 'what operators order' },
    { topic: 'halts.v1', purpose: 'stops, and their end' },
    { topic: 'policies.v1', purpose: 'fleets that operators put' },
    { topic: 'dead-letters.v1', purpose: 'what cannot be read' },
  ],
  calls: [],
  http: { portVariable: 'ESTOP_PORT', serves: 'the HTTP interface, /livez, /readyz, /metrics' },
  variables: [
    ...PROCESS_VARIABLES,
    ...LOG_VARIABLES,
    'ESTOP_FLEET',
    'ESTOP_OPERATOR_KEY',
    'ESTOP_PEERS',
    'ESTOP_JWT_ISSUER',
    'ESTOP_JWT_JWKS_URL',
    'ESTOP_JWT_AUDIENCE',
  ],
});
