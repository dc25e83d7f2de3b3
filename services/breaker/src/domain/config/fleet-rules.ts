/** What a fleet says about watching: the rules of each agent, worked out when they are asked for. */
import type { WatchRules } from '../watch/fold.ts';
import type { BreakersFile } from './parse-breakers.ts';
import { resolveConfig } from './resolve-config.ts';

/** An agent of a fleet, as far as its rules go. */
interface Member {
  readonly id: string;
  readonly groups: readonly string[];
}

/** Different sets of rules that are kept, and agents whose set is; all others are worked out anew. */
const SETS_MAX = 1_000;
const AGENTS_MAX = 200_000;

export class FleetRules {
  readonly #file: BreakersFile;
  readonly #groupsByAgent: ReadonlyMap<string, readonly string[]>;
  readonly #setByText = new Map<string, WatchRules>();
  readonly #setByAgent = new Map<string, WatchRules>();

  constructor(file: BreakersFile, groupsByAgent: ReadonlyMap<string, readonly string[]>) {
    this.#file = file;
    this.#groupsByAgent = groupsByAgent;
  }

  static ofAgents(file: BreakersFile, agents: readonly Member[]): FleetRules {
    return new FleetRules(file, new Map(agents.map(({ id, groups }) => [id, groups])));
  }

  /** Agents of whom the same is said share one object. */
  of(agentId: string): WatchRules {
    const known = this.#setByAgent.get(agentId);
    if (known !== undefined) return known;
    const rules = this.#workOut(agentId);
    if (this.#setByAgent.size < AGENTS_MAX) this.#setByAgent.set(agentId, rules);
    return rules;
  }

  #workOut(agentId: string): WatchRules {
    const groups = this.#groupsByAgent.get(agentId) ?? [];
    const { agents, polling } = this.#file;
    const key = JSON.stringify(agents.has(agentId) ? [agentId, ...groups] : ['', ...groups]);
    const kept = this.#setByText.get(key);
    if (kept !== undefined) return kept;
    const config = resolveConfig(this.#file, { agentId, groups });
    const rules = { config, pollIntervalMsByTool: polling };
    if (this.#setByText.size < SETS_MAX) this.#setByText.set(key, rules);
    return rules;
  }
}
