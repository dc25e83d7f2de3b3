/**
 * What needs a person beyond one breaker: many agents of a group that open together, which have one
 * cause and get one alert, and an agent that opened so often that a kill is proposed.
 */
import {
  type ClassWatch,
  INCIDENT_WINDOW_MS,
  isSharedIncident,
  noteOpening,
  QUIET_CLASS,
} from '@estop/breaker/domain/ladder/incident';
import type { Clock } from '@estop/runtime/clock';
import { type AgentId, parseAgentId } from '@estop/schemas/ids';
import type { AgentView } from '@estop/schemas/messages';
import type { ActiveFleet, FleetState } from './fleet-state.ts';

/** Alerts that are shown, the newest ones. */
const ALERTS_MAX = 100;
const NO_GROUP = '(no group)';

export interface Alert {
  readonly kind: 'incident' | 'kill-proposed';
  readonly at: number;
  readonly agents: readonly string[];
  /** The group of an incident; null: it is about one agent. */
  readonly group: string | null;
  readonly sentence: string;
}

type Breaker = NonNullable<AgentView['breaker']>;

export class Alerts {
  readonly #clock: Clock;
  readonly #fleet: FleetState;
  readonly #watchByGroup = new Map<string, ClassWatch>();
  /** Agents of each group of one fleet, counted once: in an incident thousands open at a time. */
  #sizes: { readonly fleet: ActiveFleet | null; readonly byGroup: ReadonlyMap<string, number> } = {
    fleet: null,
    byGroup: new Map(),
  };
  #recent: readonly Alert[] = [];

  constructor(clock: Clock, fleet: FleetState) {
    this.#clock = clock;
    this.#fleet = fleet;
  }

  /** Newest first. */
  get recent(): readonly Alert[] {
    return this.#recent;
  }

  /** Takes the newest view of an agent beside the one before, and answers what is new in it. */
  take(view: AgentView, before: AgentView | undefined): readonly Alert[] {
    const { breaker } = view;
    const agentId = parseAgentId(view.subject);
    if (agentId === undefined || breaker === null) return [];
    const found = [
      ...this.#opened(agentId, breaker, before?.breaker ?? null),
      ...this.#proposed(agentId, breaker, before?.breaker ?? null),
    ];
    if (found.length > 0) this.#recent = [...found, ...this.#recent].slice(0, ALERTS_MAX);
    return found;
  }

  #opened(agentId: AgentId, breaker: Breaker, before: Breaker | null): readonly Alert[] {
    const { mode, since } = breaker;
    if (mode !== 'open' || since === null || since === before?.since) return [];
    // Views of long ago come in no order, when the topic is read from its start.
    if (this.#clock.nowMs() - since > INCIDENT_WINDOW_MS) return [];
    return this.#groupsOf(agentId).flatMap((group) => {
      const ofClass = { name: group, agents: this.#sizeOf(group) };
      const watch = this.#watchByGroup.get(group) ?? QUIET_CLASS;
      const noted = noteOpening(watch, { agentId, at: since }, ofClass);
      this.#watchByGroup.set(group, noted.watch);
      if (noted.incident === null) return [];
      const { at, agentIds: agents, sentence } = noted.incident;
      return [{ kind: 'incident', at, agents, group, sentence } as const];
    });
  }

  /** Whose opening is one of many is no reason to kill it. */
  #proposed(agentId: AgentId, breaker: Breaker, before: Breaker | null): readonly Alert[] {
    const { proposesKill, since, opens, explanation } = breaker;
    const at = since ?? 0;
    if (!proposesKill || before?.proposesKill === true) return [];
    const isShared = this.#groupsOf(agentId).some((group) => {
      return isSharedIncident(this.#watchByGroup.get(group) ?? QUIET_CLASS, at);
    });
    if (isShared) return [];
    const why = explanation === null ? '' : `: ${explanation}`;
    const sentence = `the breaker of ${agentId} opened ${opens} times within a day${why}`;
    return [{ kind: 'kill-proposed', at, agents: [agentId], group: null, sentence }];
  }

  #groupsOf(agentId: AgentId): readonly string[] {
    return groupsOr(this.#fleet.agent(agentId)?.groups ?? []);
  }

  #sizeOf(group: string): number {
    const fleet = this.#fleet.active;
    if (this.#sizes.fleet !== fleet) this.#sizes = { fleet, byGroup: sizesOf(fleet) };
    return this.#sizes.byGroup.get(group) ?? 0;
  }
}

function sizesOf(fleet: ActiveFleet | null): ReadonlyMap<string, number> {
  const byGroup = new Map<string, number>();
  for (const { groups } of fleet?.agentById.values() ?? []) {
    for (const group of new Set(groupsOr(groups)))
      byGroup.set(group, (byGroup.get(group) ?? 0) + 1);
  }
  return byGroup;
}

function groupsOr(groups: readonly string[]): readonly string[] {
  return groups.length === 0 ? [NO_GROUP] : groups;
}
