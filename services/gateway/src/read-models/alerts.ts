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
import type { FleetState } from './fleet-state.ts';

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
    const groups = this.#fleet.agent(agentId)?.groups ?? [];
    return groups.length === 0 ? [NO_GROUP] : groups;
  }

  #sizeOf(group: string): number {
    let size = 0;
    for (const { groups } of this.#fleet.active?.agentById.values() ?? []) {
      const isMember = group === NO_GROUP ? groups.length === 0 : groups.some((g) => g === group);
      if (isMember) size += 1;
    }
    return size;
  }
}
