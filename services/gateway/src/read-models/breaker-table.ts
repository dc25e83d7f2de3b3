/**
 * What the breaker service has found of agents, and where its numbers stand. Followed beside the
 * other topics: no decision waits for it.
 */
import { inflateRawSync } from 'node:zlib';
import type { AgentWatch, Told } from '@estop/breaker/domain/watch/agent-watch';
import { decodeWatch, STATE_BYTES } from '@estop/breaker/domain/watch/watch-codec';
import type { EventLog, StoredRecord } from '@estop/log/port';
import type { Logger } from '@estop/runtime/logger';
import { messageOf } from '@estop/schemas/errors';
import { type AgentId, parseAgentId } from '@estop/schemas/ids';
import { partitionCountOf } from '@estop/schemas/topics';
import { Tail } from './tail.ts';

const TOPIC = 'breakers.v1';
/** Agents kept; of more than these nothing is shown. */
const AGENTS_MAX = 100_000;

interface Known {
  readonly partition: number;
  readonly offset: number;
  /** JSON; null: nothing was found so far. */
  readonly told: string | null;
}

export class BreakerTable {
  readonly #log: EventLog;
  readonly #logger: Logger;
  readonly #tail: Tail;
  readonly #knownById = new Map<AgentId, Known>();

  constructor(log: EventLog, logger: Logger) {
    this.#log = log;
    this.#logger = logger;
    this.#tail = new Tail({
      log,
      logger,
      topic: TOPIC,
      partitions: partitionCountOf(TOPIC, log.partitions),
      from: 'start',
      onRecords: (records) => {
        for (const stored of records) this.#take(stored);
      },
    });
  }

  /** Resolves when all that there is was read. */
  start(): Promise<void> {
    return this.#tail.start();
  }

  close(): Promise<void> {
    return this.#tail.close();
  }

  /** Agents of whom something was found. */
  *found(): Generator<AgentId> {
    for (const [agentId, { told }] of this.#knownById) if (told !== null) yield agentId;
  }

  toldOf(agentId: AgentId): Told | null {
    const told = this.#knownById.get(agentId)?.told ?? null;
    return told === null ? null : (JSON.parse(told) as Told);
  }

  /** Its windows and baselines, from the log; undefined: it was never watched. */
  async watchOf(agentId: AgentId): Promise<AgentWatch | undefined> {
    const known = this.#knownById.get(agentId);
    if (known === undefined) return undefined;
    const { partition, offset } = known;
    const bounds = { fromOffset: offset, maxRecords: 1 };
    const { records } = await this.#log.read(TOPIC, partition, bounds);
    const [stored] = records;
    // A newer one took its place, and the log has let go of this one.
    if (stored?.value == null || stored.key !== agentId) return undefined;
    const bytes = inflateRawSync(this.#log.codec(TOPIC).decode(stored.value).state);
    const block = bytes.subarray(0, STATE_BYTES);
    return decodeWatch(agentId, { block, rest: bytes.toString('utf8', STATE_BYTES) });
  }

  #take(stored: StoredRecord): void {
    const { key, value, partition, offset } = stored;
    const agentId = parseAgentId(key);
    if (agentId === undefined) return;
    if (value === null) {
      this.#knownById.delete(agentId);
      return;
    }
    if (!this.#knownById.has(agentId) && this.#knownById.size >= AGENTS_MAX) return;
    try {
      if (!this.#log.isLinked(stored)) throw new Error('the record does not prove its writer');
      const { told } = this.#log.codec(TOPIC).decode(value);
      this.#knownById.set(agentId, { partition, offset, told });
    } catch (error) {
      this.#logger.warn({ partition, offset, error: messageOf(error) }, 'record skipped');
    }
  }
}
