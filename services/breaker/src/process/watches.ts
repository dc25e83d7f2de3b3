/** The agents of one partition. Whom nothing was heard of since the takeover stays an entry. */
import type { EventLog, StoredRecord } from '@estop/log/port';
import type { AgentId } from '@estop/schemas/ids';
import type { BreakerConfig } from '../domain/config/breaker-config.ts';
import { type AgentWatch, newWatch } from '../domain/watch/agent-watch.ts';
import type { WatchStore } from '../domain/watch/partition-watch.ts';
import { watchOf } from './entries.ts';

export class Watches implements WatchStore {
  readonly #log: EventLog;
  readonly #watchById = new Map<AgentId, AgentWatch>();
  readonly #entryById: Map<string, StoredRecord>;

  constructor(log: EventLog, entryById: ReadonlyMap<string, StoredRecord>) {
    this.#log = log;
    this.#entryById = new Map(entryById);
  }

  get(agentId: AgentId): AgentWatch | undefined {
    return this.#watchById.get(agentId) ?? this.#opened(agentId);
  }

  /** Begins with what the agent's class is said to do. */
  begin(agentId: AgentId, config: BreakerConfig): AgentWatch {
    const watch = newWatch(agentId, config);
    this.#watchById.set(agentId, watch);
    return watch;
  }

  #opened(agentId: AgentId): AgentWatch | undefined {
    const entry = this.#entryById.get(agentId);
    if (entry === undefined || entry.value === null) return undefined;
    this.#entryById.delete(agentId);
    const view = this.#log.codec('breakers.v1').decode(entry.value);
    const watch = watchOf(agentId, view);
    if (watch !== undefined) this.#watchById.set(agentId, { ...watch, nextOffset: view.offset });
    return this.#watchById.get(agentId);
  }
}
