/**
 * Many agents of one class that open within a minute have one cause: an outage, a new prompt, a
 * changed tool. That is one incident with one alert, and no reason to kill each of them.
 */
export const INCIDENT_WINDOW_MS = 60_000;
/** Fewer than this are agents of their own, however small the class. */
export const INCIDENT_AGENTS_MIN = 5;
const INCIDENT_PER_MILLE = 100;
/** Openings remembered of one class; more than this within a minute are an incident anyway. */
const OPENINGS_MAX = 1_000;

export interface ClassWatch {
  /** Openings of the last minute, oldest first, one for each agent. */
  readonly openings: readonly { readonly agentId: string; readonly at: number }[];
  /** When the incident that goes on began; null: there is none. */
  readonly incidentSince: number | null;
}

export interface IncidentFound {
  readonly at: number;
  readonly agentIds: readonly string[];
  readonly sentence: string;
}

export const QUIET_CLASS: ClassWatch = { openings: [], incidentSince: null };

/** Notes that an agent of the class opened; tells of an incident once, when it begins. */
export function noteOpening(
  watch: ClassWatch,
  opening: { readonly agentId: string; readonly at: number },
  ofClass: { readonly name: string; readonly agents: number },
): { readonly watch: ClassWatch; readonly incident: IncidentFound | null } {
  const { agentId, at } = opening;
  const recent = watch.openings.filter((one) => at - one.at < INCIDENT_WINDOW_MS);
  const goesOn = watch.incidentSince !== null && recent.length > 0;
  const others = recent.filter((one) => one.agentId !== agentId);
  const openings = [...others, opening].slice(-OPENINGS_MAX);
  const isMany =
    openings.length >= INCIDENT_AGENTS_MIN &&
    openings.length * 1_000 > ofClass.agents * INCIDENT_PER_MILLE;
  if (goesOn || !isMany) {
    return {
      watch: { openings, incidentSince: goesOn ? watch.incidentSince : null },
      incident: null,
    };
  }
  const agentIds = openings.map((one) => one.agentId);
  const sentence =
    `${agentIds.length} of ${ofClass.agents} agents of class ${ofClass.name} opened within a ` +
    'minute: one shared cause is likely';
  return { watch: { openings, incidentSince: at }, incident: { at, agentIds, sentence } };
}

/** Whether kills are left to people because an incident goes on. */
export function isSharedIncident(watch: ClassWatch, at: number): boolean {
  const newest = watch.openings.at(-1);
  return (
    watch.incidentSince !== null && newest !== undefined && at - newest.at < INCIDENT_WINDOW_MS
  );
}
