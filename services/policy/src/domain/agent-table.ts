/**
 * The agents of a partition. After a restart most of them are texts of a snapshot, and an agent is
 * read when it is first asked for: reading all of them would take longer than a start may.
 */
import type { AgentId } from '@estop/schemas/ids';

/** An agent as a snapshot holds it. */
export interface StoredAgent {
  text(): string;
}

export type ReadAgent<Agent> = (id: AgentId, stored: StoredAgent) => Agent;

export class AgentTable<Agent> extends Map<AgentId, Agent> {
  #storedById: Map<AgentId, StoredAgent> | null = null;
  #read: ReadAgent<Agent> | null = null;

  /** Takes agents that are read when they are first asked for. */
  store(storedById: Map<AgentId, StoredAgent>, read: ReadAgent<Agent>): void {
    this.#storedById = storedById;
    this.#read = read;
  }

  override get(id: AgentId): Agent | undefined {
    const agent = super.get(id);
    return agent !== undefined || this.#storedById === null ? agent : this.#wake(id);
  }

  override has(id: AgentId): boolean {
    return super.has(id) || this.#storedById?.has(id) === true;
  }

  override get size(): number {
    return super.size + (this.#storedById?.size ?? 0);
  }

  /** Known, and not read yet. */
  isAsleep(id: AgentId): boolean {
    return this.#storedById?.has(id) === true;
  }

  /** Those that were asked for, and no other is read. */
  awake(): MapIterator<Agent> {
    return super.values();
  }

  override values(): MapIterator<Agent> {
    this.#wakeAll();
    return super.values();
  }

  override keys(): MapIterator<AgentId> {
    this.#wakeAll();
    return super.keys();
  }

  override entries(): MapIterator<[AgentId, Agent]> {
    this.#wakeAll();
    return super.entries();
  }

  override [Symbol.iterator](): MapIterator<[AgentId, Agent]> {
    return this.entries();
  }

  #wake(id: AgentId): Agent | undefined {
    const stored = this.#storedById?.get(id);
    if (stored === undefined || this.#read === null) return undefined;
    const agent = this.#read(id, stored);
    this.set(id, agent);
    this.#storedById?.delete(id);
    return agent;
  }

  #wakeAll(): void {
    if (this.#storedById === null) return;
    for (const id of [...this.#storedById.keys()]) this.#wake(id);
    this.#storedById = null;
  }
}
