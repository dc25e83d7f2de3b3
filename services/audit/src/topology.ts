import { defineTopology } from '@estop/runtime/topology';

export const topology = defineTopology({
  service: 'audit',
  summary: 'reading the audit log: chain check, search, rebuild',
  runs: 'library',
  reads: [{ topic: 'audit.v1', purpose: 'to verify and search it' }],
  writes: [],
  calls: [],
  http: null,
  variables: [],
});
