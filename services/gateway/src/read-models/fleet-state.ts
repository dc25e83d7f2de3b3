/** The active fleet: who belongs to it, and where its files stand in the log. */

import { FleetRules } from '@estop/breaker/domain/config/fleet-rules';
import type { BreakersFile } from '@estop/breaker/domain/config/parse-breakers';
import type { EventLog, StoredRecord } from '@estop/log/port';
import type { FleetAgent, FleetPerson } from '@estop/policy/domain/fleet';
import type { ScopedBudget, ScopedRate } from '@estop/policy/domain/fleet/checked-fleet';
import { createLimitIndex, type LimitIndex } from '@estop/policy/domain/fleet/limit-index';
import { LOCAL_OPERATOR } from '@estop/policy/domain/people';
import type { Logger } from '@estop/runtime/logger';
import type { AgentId, PolicyHash, ToolName } from '@estop/schemas/ids';
import type { PolicyRecord } from '@estop/schemas/messages';

/** Bundles whose place in the log is remembered; older ones cannot be read by hash any more. */
const BUNDLES_MAX = 10_000;
/** The record whose key is this names the bundle in force. */
export const ACTIVE_KEY = 'active';

export type FleetFiles = Readonly<Record<string, string>>;

/** What is wrong in a fleet, and where. */
export interface FleetFault {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly hint?: string;
}

/** What the gateway needs of a fleet that passed every check. */
export interface CheckedBundle {
  readonly hash: PolicyHash;
  readonly agents: readonly FleetAgent[];
  readonly people: readonly FleetPerson[];
  readonly budgets: readonly ScopedBudget[];
  readonly rates: readonly ScopedRate[];
  readonly breakers: BreakersFile;
}

export type FleetVerdict =
  | {
      readonly ok: true;
      readonly bundle: CheckedBundle;
      readonly warnings: readonly FleetFault[];
    }
  | { readonly ok: false; readonly problems: readonly FleetFault[] };

/** Checks the files of a fleet as the policy will; never rejects for their content. */
export type FleetChecker = (files: ReadonlyMap<string, string>) => Promise<FleetVerdict>;

export interface ActiveFleet {
  readonly hash: PolicyHash;
  readonly by: string;
  readonly at: number;
  readonly agentById: ReadonlyMap<string, FleetAgent>;
  readonly personById: ReadonlyMap<string, FleetPerson>;
  readonly budgets: readonly ScopedBudget[];
  readonly rates: readonly ScopedRate[];
  readonly limits: LimitIndex;
  /** How agents are watched. */
  readonly watchRules: FleetRules;
}

export interface FleetStateDeps {
  readonly log: EventLog;
  readonly logger: Logger;
  readonly checkFleet: FleetChecker;
}

export class FleetState {
  readonly #deps: FleetStateDeps;
  readonly #offsetByHash = new Map<PolicyHash, number>();
  #active: ActiveFleet | null = null;
  /** Checked here lately: it comes back from the log right away. */
  #checked: CheckedBundle | null = null;

  constructor(deps: FleetStateDeps) {
    this.#deps = deps;
  }

  get active(): ActiveFleet | null {
    return this.#active;
  }

  agent(id: string): FleetAgent | undefined {
    return this.#active?.agentById.get(id);
  }

  /** Whether any limit counts calls of this tool by this agent; who is not known is counted. */
  isCounted(agentId: AgentId, tool: ToolName): boolean {
    const agent = this.agent(agentId);
    if (agent === undefined || this.#active === null) return true;
    const { budgets, rates } = this.#active.limits.limitsOf(agent, tool);
    return budgets.length > 0 || rates.length > 0;
  }

  /** The person with their role, or undefined for a stranger. */
  person(id: string): FleetPerson | undefined {
    return id === LOCAL_OPERATOR.id ? LOCAL_OPERATOR : this.#active?.personById.get(id);
  }

  /** Takes a record of policies.v1; a bundle that cannot be used leaves the old one in force. */
  async take(stored: StoredRecord, record: PolicyRecord): Promise<void> {
    if (stored.key !== ACTIVE_KEY) {
      this.#offsetByHash.delete(record.hash);
      this.#offsetByHash.set(record.hash, stored.offset);
      for (const oldest of this.#offsetByHash.keys()) {
        if (this.#offsetByHash.size <= BUNDLES_MAX) break;
        if (oldest !== this.#active?.hash) this.#offsetByHash.delete(oldest);
      }
      return;
    }
    if (record.hash === this.#active?.hash) return;
    const checked = await this.#check(record.hash);
    if (checked === undefined) return;
    const { agents, people, budgets, rates, breakers } = checked;
    this.#active = {
      hash: record.hash,
      by: record.by,
      at: stored.timestampMs,
      agentById: new Map(agents.map((agent) => [agent.id, agent])),
      personById: new Map(people.map((person) => [person.id, person])),
      budgets,
      rates,
      limits: createLimitIndex({ budgets, rates }),
      watchRules: FleetRules.ofAgents(breakers, agents),
    };
  }

  /** Remembers what a check has found, so that it is not made twice. */
  remember(bundle: CheckedBundle): void {
    this.#checked = bundle;
  }

  /** The files of a bundle, from the log. */
  async bundle(
    hash: PolicyHash,
  ): Promise<{ readonly files: FleetFiles; readonly by: string; readonly at: number } | undefined> {
    const fromOffset = this.#offsetByHash.get(hash);
    if (fromOffset === undefined) return undefined;
    const { log } = this.#deps;
    const { records } = await log.read('policies.v1', 0, { fromOffset, maxRecords: 1 });
    const stored = records[0];
    if (stored === undefined || stored.key !== hash || stored.value === null) return undefined;
    await log.learnSchemas(records);
    const { files, by } = log.codec('policies.v1').decode(stored.value);
    return files === null ? undefined : { files, by, at: stored.timestampMs };
  }

  async #check(hash: PolicyHash): Promise<CheckedBundle | undefined> {
    if (this.#checked?.hash === hash) return this.#checked;
    const bundle = await this.bundle(hash);
    if (bundle === undefined) {
      this.#deps.logger.error({ hash }, 'the active fleet is not in the log; the old stays');
      return undefined;
    }
    const verdict = await this.#deps.checkFleet(new Map(Object.entries(bundle.files)));
    if (verdict.ok) return verdict.bundle;
    this.#deps.logger.error({ hash }, 'the active fleet has errors; the old stays');
    return undefined;
  }
}
