/** What this package is on the map of services: a library, which runs inside the agents. */
export const topology = {
  service: 'sdk',
  summary: 'for code that is an agent: propose, guard, outcomes',
  runs: 'library',
  reads: [],
  writes: [],
  calls: ['gateway'],
  http: null,
  variables: ['ESTOP_URL', 'ESTOP_KEY'],
} as const;
