import { defineTopology } from '@estop/runtime/topology';
import { LOG_VARIABLES, PROCESS_VARIABLES } from '@estop/runtime/variables';

export const topology = defineTopology({
  service: 'breaker',
  summary: 'watches every agent in sliding windows, and trips the one that goes wrong',
  runs: 'service',
  reads: [
    { topic: 'audit.v1', purpose: 'what agents do, and what came of it' },
    { topic: 'policies.v1', purpose: 'breakers.yaml of the fleet in force' },
    { topic: 'breakers.v1', purpose: 'to go on where it was, when it takes a partition' },
  ],
  writes: [
    { topic: 'commands.v1', purpose: 'trips, for the decider' },
    {
      topic: 'breakers.v1',
      purpose: 'windows and baselines of each agent, and the newest finding',
    },
  ],
  calls: [],
  http: { portVariable: 'ESTOP_PORT', serves: '/livez, /readyz, /metrics' },
  variables: [...PROCESS_VARIABLES, ...LOG_VARIABLES],
});
