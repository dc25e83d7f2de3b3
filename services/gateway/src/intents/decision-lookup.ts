/** Finds a decision that is older than what the cache keeps, by reading back from the end. */
import { partitionOfKey } from '@estop/log/partitioner';
import type { EventLog } from '@estop/log/port';
import type { AgentId, IntentId } from '@estop/schemas/ids';
import type { Decision } from '@estop/schemas/messages';
import { ProblemError } from '../problems.ts';

/** How far back one question reads. */
const LOOKBACK_RECORDS = 50_000;
const READ_RECORDS = 2_000;
/** Questions at the same time: each may read many records. */
const LOOKUPS_MAX = 8;

export class DecisionLookup {
  readonly #log: EventLog;
  #running = 0;

  constructor(log: EventLog) {
    this.#log = log;
  }

  /** The newest decision on an intent, or undefined when none was found in reach. */
  async find(agentId: AgentId, intentId: IntentId): Promise<Decision | undefined> {
    if (this.#running >= LOOKUPS_MAX) {
      throw new ProblemError('overloaded', `${LOOKUPS_MAX} old decisions are being looked up`);
    }
    this.#running += 1;
    try {
      return await this.#search(agentId, intentId);
    } finally {
      this.#running -= 1;
    }
  }

  async #search(agentId: AgentId, intentId: IntentId): Promise<Decision | undefined> {
    const partition = partitionOfKey(agentId, this.#log.partitions);
    const [start, end] = await Promise.all([
      this.#log.startOffset('decisions.v1', partition),
      this.#log.endOffset('decisions.v1', partition),
    ]);
    const oldest = Math.max(start, end - LOOKBACK_RECORDS);
    for (let until = end; until > oldest; until -= READ_RECORDS) {
      const from = Math.max(oldest, until - READ_RECORDS);
      const found = await this.#newestIn({ partition, from, until }, agentId, intentId);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  async #newestIn(
    window: { readonly partition: number; readonly from: number; readonly until: number },
    agentId: AgentId,
    intentId: IntentId,
  ): Promise<Decision | undefined> {
    const codec = this.#log.codec('decisions.v1');
    let found: Decision | undefined;
    let fromOffset = window.from;
    while (fromOffset < window.until) {
      const maxRecords = window.until - fromOffset;
      const batch = await this.#log.read('decisions.v1', window.partition, {
        fromOffset,
        maxRecords,
      });
      if (batch.records.length === 0) break;
      const own = batch.records.filter(({ key, value }) => key === agentId && value !== null);
      await this.#log.learnSchemas(own);
      for (const { value } of own) {
        const decision = value === null ? undefined : codec.decode(value);
        if (decision?.intentId === intentId) found = decision;
      }
      fromOffset = batch.nextOffset;
    }
    return found;
  }
}
