/** What this package is on the map of services: it lives where tools are. */
export const topology = {
  service: 'edge',
  summary: 'enforcement points: where an action is really stopped',
  runs: 'library',
  reads: [],
  writes: [],
  calls: ['gateway'],
  http: null,
  variables: ['ESTOP_URL', 'ESTOP_KEY'],
} as const;
