/**
 * The newest word on every scope: what the log says, and what this gateway has said and the log does
 * not hold yet. A halt counts here from the moment it is said.
 */

import type { Clock } from '@estop/runtime/clock';
import { isLive, scopeCovers, scopeText, supersedes } from '@estop/schemas/halts';
import type { Decision, Halt, HaltMode, HaltScope } from '@estop/schemas/messages';
import { killersOf, together } from '../domain/killers.ts';
import type { FleetState } from './fleet-state.ts';

/** Scopes that were ever halted; the policy's bound is the same. */
const SCOPES_MAX = 10_000;
/** Longer than a permit can be good that was given before a halt. */
const VOIDING_MS = 60_000;

export interface KnownHalt {
  readonly halt: Halt;
  /** When it was said or stamped, ms. */
  readonly at: number;
}

/** A word that stands from now on, and the one on its scope that it supersedes. */
export interface HaltNews extends KnownHalt {
  readonly before: Halt | null;
}

interface Kept extends KnownHalt {
  /** Who has said the kill that stands, as it says itself, and as those before it on its scope said. */
  readonly killers: readonly string[];
  /** When it was heard here, by the monotonic clock. */
  readonly takenMs: number;
}

export class HaltBook {
  readonly #clock: Clock;
  readonly #fleet: FleetState;
  readonly #knownByScope = new Map<string, Kept>();
  readonly #listeners: ((news: HaltNews) => void)[] = [];
  #highestEpoch = 0;

  constructor(clock: Clock, fleet: FleetState) {
    this.#clock = clock;
    this.#fleet = fleet;
  }

  /** Takes a word on a scope, and answers whether it is news; older ones change nothing. */
  take(halt: Halt, at: number): boolean {
    const scope = scopeText(halt.scope);
    const kept = this.#knownByScope.get(scope);
    const known = kept?.halt;
    if (known !== undefined && !supersedes(halt, known)) return false;
    if (known === undefined && this.#knownByScope.size >= SCOPES_MAX) this.#dropOldestEnded();
    // To the end: what was said last is told first of all that does not fit.
    this.#knownByScope.delete(scope);
    const killers = this.#allKillersOf(halt, kept);
    this.#knownByScope.set(scope, { halt, at, takenMs: this.#clock.monotonicMs(), killers });
    this.#highestEpoch = Math.max(this.#highestEpoch, halt.epoch);
    for (const listener of this.#listeners) listener({ halt, at, before: known ?? null });
    return true;
  }

  /** Calls back with each word that stands from now on, at once and in order. */
  onNews(listener: (news: HaltNews) => void): void {
    this.#listeners.push(listener);
  }

  /**
   * Of all words heard of. The next word on any scope has the next epoch, so that one number tells
   * how far somebody has heard.
   */
  get highestEpoch(): number {
    return this.#highestEpoch;
  }

  /** Whether this halt is the newest word on its scope. */
  holds({ scope, haltId }: Halt): boolean {
    return this.#knownByScope.get(scopeText(scope))?.halt.haltId === haltId;
  }

  /** The newest word on exactly this scope. */
  on(scope: HaltScope): KnownHalt | undefined {
    return this.#knownByScope.get(scopeText(scope));
  }

  byId(haltId: string): KnownHalt | undefined {
    for (const known of this.#knownByScope.values()) {
      if (known.halt.haltId === haltId) return known;
    }
    return undefined;
  }

  /** The persons who have said the kill that stands on the scope of a halt. */
  killersOf({ scope }: Halt): readonly string[] {
    return this.#knownByScope.get(scopeText(scope))?.killers ?? [];
  }

  all(): readonly KnownHalt[] {
    return [...this.#knownByScope.values()];
  }

  live(): readonly KnownHalt[] {
    return this.all().filter(({ halt }) => this.isLive(halt));
  }

  /**
   * Halts in force, and those that ended a moment ago: a permit from before them is void, and who
   * comes back after they ended has not heard of them.
   */
  voiding(): readonly KnownHalt[] {
    const nowMs = this.#clock.nowMs();
    const monotonicMs = this.#clock.monotonicMs();
    return [...this.#knownByScope.values()].filter(({ halt, takenMs }) => {
      if (isLive(halt, nowMs) || takenMs > monotonicMs - VOIDING_MS) return true;
      return halt.until !== null && halt.until > nowMs - VOIDING_MS;
    });
  }

  isLive(halt: Halt): boolean {
    return isLive(halt, this.#clock.nowMs());
  }

  /**
   * A live halt, of this mode where one is given, that stops what this decision allows, or undefined.
   * `drain` lets what was decided before it come to its end.
   */
  covering(
    { agentId, tool, at: decidedAt }: Pick<Decision, 'agentId' | 'tool' | 'at'>,
    mode?: HaltMode,
  ): Halt | undefined {
    if (this.#knownByScope.size === 0) return undefined;
    const nowMs = this.#clock.nowMs();
    for (const { halt, at } of this.#knownByScope.values()) {
      if (mode !== undefined && halt.mode !== mode) continue;
      if (!isLive(halt, nowMs) || (halt.mode === 'drain' && decidedAt < at)) continue;
      const groups = this.#groupsOf(agentId, halt.scope);
      if (scopeCovers(halt.scope, { agentId, tool, groups })) return halt;
    }
    return undefined;
  }

  /** Live halts that can cover calls of an agent. */
  ofAgent(agentId: string): readonly KnownHalt[] {
    const groups: readonly string[] = this.#fleet.agent(agentId)?.groups ?? [];
    return this.live().filter(({ halt: { scope } }) => {
      if (scope.fleet || scope.agent === agentId) return true;
      return scope.agent === null && scope.group !== null && groups.includes(scope.group);
    });
  }

  #allKillersOf(halt: Halt, before: Kept | undefined): readonly string[] {
    const killers = killersOf(halt);
    const isKilled = before !== undefined && this.isLive(before.halt) && killers.length > 0;
    return together(isKilled ? before.killers : [], killers);
  }

  /** Before the fleet is known, whoever may be in a halted group is taken to be. */
  #groupsOf(agentId: string, { group }: HaltScope): readonly string[] {
    if (this.#fleet.active === null && group !== null) return [group];
    return this.#fleet.agent(agentId)?.groups ?? [];
  }

  #dropOldestEnded(): void {
    for (const [scope, { halt }] of this.#knownByScope) {
      if (this.isLive(halt)) continue;
      this.#knownByScope.delete(scope);
      return;
    }
  }
}
