/** What a fleet says about watching: the rules of each agent, worked out when they are asked for. */
import type { WatchRules } from '../watch/fold.ts';
import type { BreakersFile } from './parse-breakers.ts';
import { resolveConfig } from './resolve-config.ts';

/** Different sets of rules that are kept; more than these are worked out each time. */
const KEPT_MAX = 1_000;
const NO_GROUPS: readonly string[] = [];

interface Grouped {
  readonly agentId: string;
  readonly groups: readonly string[];
}

export class FleetRules {
  readonly #file: BreakersFile;
  readonly #groupsByAgent: ReadonlyMap<string, readonly string[]>;
  readonly #kept = new Map<string, WatchRules>();
  /** Of agents of whom nothing is said by name, by the list they are grouped in. */
  readonly #byGroups = new Map<readonly string[], WatchRules>();

  constructor(file: BreakersFile, groupsByAgent: ReadonlyMap<string, readonly string[]>) {
    this.#file = file;
    this.#groupsByAgent = groupsByAgent;
  }

  /** Agents of whom the same is said share one object. */
  of(agentId: string): WatchRules {
    const groups = this.#groupsByAgent.get(agentId) ?? NO_GROUPS;
    if (this.#file.agents.has(agentId)) return this.#ofNamed(agentId, { agentId, groups });
    const known = this.#byGroups.get(groups);
    if (known !== undefined) return known;
    const rules = this.#ofNamed('', { agentId, groups });
    this.#byGroups.set(groups, rules);
    return rules;
  }

  #ofNamed(name: string, { agentId, groups }: Grouped): WatchRules {
    const { polling } = this.#file;
    const key = JSON.stringify([name, ...groups]);
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept;
    const config = resolveConfig(this.#file, { agentId, groups });
    const rules = { config, pollIntervalMsByTool: polling };
    if (this.#kept.size < KEPT_MAX) this.#kept.set(key, rules);
    return rules;
  }
}
