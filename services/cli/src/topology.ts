import { defineTopology } from '@estop/runtime/topology';
import { LOG_VARIABLES, PROCESS_VARIABLES } from '@estop/runtime/variables';

export const topology = defineTopology({
  service: 'cli',
  summary: 'the `estop` command: starts services, sets up Kafka, speaks for operators',
  runs: 'command',
  reads: [{ topic: 'audit.v1', purpose: 'to verify it offline' }],
  writes: [],
  calls: ['gateway'],
  http: null,
  variables: [
    ...PROCESS_VARIABLES,
    ...LOG_VARIABLES,
    'KAFKA_REPLICATION',
    'KAFKA_AUDIT_ACLS',
    'ESTOP_URL',
    'ESTOP_KEY',
    'ESTOP_MCP_TOKEN',
  ],
});
