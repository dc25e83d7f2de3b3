import { defineTopology } from '@estop/runtime/topology';
import { LOG_VARIABLES, PROCESS_VARIABLES } from '@estop/runtime/variables';

export const topology = defineTopology({
  service: 'policy',
  summary: 'the decider and only writer of audit.v1',
  runs: 'service',
  reads: [
    { topic: 'intents.v1', purpose: 'to decide them' },
    { topic: 'outcomes.v1', purpose: 'to settle what was reserved' },
    { topic: 'commands.v1', purpose: 'approvals, suspensions, credentials, ceilings' },
    { topic: 'halts.v1', purpose: 'to deny what they cover' },
    { topic: 'policies.v1', purpose: 'the fleet that decides' },
    { topic: 'audit.v1', purpose: 'to rebuild its state when it takes a partition' },
    { topic: 'snapshots.v1', purpose: 'to rebuild from there, when it agrees with the log' },
  ],
  writes: [
    { topic: 'audit.v1', purpose: 'one record for each input' },
    { topic: 'decisions.v1', purpose: 'each decision, once its record is proven' },
    { topic: 'agents.v1', purpose: 'the state of each agent' },
    { topic: 'snapshots.v1', purpose: 'what changed of its state, so that restarts are short' },
    { topic: 'dead-letters.v1', purpose: 'what cannot be read or proves no writer' },
  ],
  calls: [],
  http: { portVariable: 'ESTOP_PORT', serves: '/livez, /readyz, /metrics' },
  variables: [...PROCESS_VARIABLES, ...LOG_VARIABLES, 'KAFKA_SESSION_TIMEOUT_MS'],
});
