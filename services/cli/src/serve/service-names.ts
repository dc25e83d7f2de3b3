/** Services that run in a process, alone or together. */
export const SERVICES = ['gateway', 'policy', 'demo'] as const;

export type ServiceName = (typeof SERVICES)[number];
