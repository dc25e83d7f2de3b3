import { defineTopology } from '@estop/runtime/topology';

/** What the demo is among the services: a client like any other. */
export const topology = defineTopology({
  service: 'demo',
  summary: 'a simulated fleet that uses the SDK as any agent would, and the 3 AM story',
  runs: 'service',
  reads: [],
  writes: [],
  calls: ['gateway'],
  http: null,
  variables: ['ESTOP_URL', 'ESTOP_KEY'],
});
