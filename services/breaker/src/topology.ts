import { defineTopology } from '@estop/runtime/topology';

export const topology = defineTopology({
  service: 'breaker',
  summary: 'pattern detectors per agent: windows, anomalies, the ladder of trips',
  runs: 'library',
  reads: [],
  writes: [],
  calls: [],
  http: null,
  variables: [],
});
