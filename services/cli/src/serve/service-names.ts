/** Services that run in a process, alone or together. */
export const SERVICES = ['gateway', 'policy', 'breaker', 'demo'] as const;

export type ServiceName = (typeof SERVICES)[number];
