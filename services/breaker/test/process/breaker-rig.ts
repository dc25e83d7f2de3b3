/** A breaker service on a log, and audit records written as the decider writes them. */
import { extendsChain, GENESIS, headAfter } from '@estop/log/chain';
import { MemoryLog } from '@estop/log/memory-log';
import type { EventLog } from '@estop/log/port';
import { systemClock } from '@estop/runtime/clock';
import { createMemoryLogger } from '@estop/runtime/logger';
import { agentSubject, type PolicyHash } from '@estop/schemas/ids';
import { invariant } from '@estop/schemas/invariant';
import type { AuditRecord, AuditRecordEvent, BreakerView, Command } from '@estop/schemas/messages';
import { Registry } from 'prom-client';
import { type BreakerService, startBreaker } from '../../src/main.ts';
import { AGENT, allowed, outcome, proposed } from '../domain/audit-events.ts';

const WAIT_MS_MAX = 10_000;

type About = Partial<Pick<AuditRecord, 'at' | 'subject'>>;

export class BreakerRig {
  readonly log: MemoryLog;
  readonly registry = new Registry();
  readonly lines: string[];
  readonly #logger = createMemoryLogger();
  policyHash: PolicyHash | null = null;
  /** Records are so much older than now. */
  ageMs = 0;
  #service: BreakerService | null = null;
  #head = GENESIS;

  constructor(log = new MemoryLog({ partitions: 1 })) {
    this.log = log;
    this.lines = this.#logger.lines;
  }

  /** `on`: another view of the same log. */
  async start(on: EventLog = this.log): Promise<BreakerService> {
    this.registry.clear();
    const { logger } = this.#logger;
    this.#service = await startBreaker({
      log: on,
      clock: systemClock,
      logger,
      registry: this.registry,
    });
    return this.#service;
  }

  async stop(): Promise<void> {
    await this.#service?.close();
    this.#service = null;
  }

  /** A valid record, about the agent and made now unless it is said otherwise. */
  async record(...said: readonly (AuditRecordEvent | About)[]): Promise<void> {
    const events = said.filter((one) => 'type' in one);
    const about = said.find((one): one is About => !('type' in one)) ?? {};
    const chained = { seq: this.#head.seq + 1, prev: this.#head.hash, events };
    const value = this.#encoded(chained, about);
    invariant(extendsChain(this.#head, value), 'it extends the chain');
    this.#head = headAfter(this.#head, value);
    await this.log.append('audit.v1', 0, [{ key: AGENT, value }]);
  }

  /** A record of a writer that lost the partition: nothing that anybody may believe. */
  async voidRecord(...events: readonly AuditRecordEvent[]): Promise<void> {
    const value = this.#encoded({ seq: this.#head.seq, prev: this.#head.hash, events }, {});
    await this.log.append('audit.v1', 0, [{ key: AGENT, value }]);
  }

  /** The same call with the same result, so often. */
  async repeat(times: number, from = 0, at = Date.now()): Promise<void> {
    for (let n = from; n < from + times; n += 1) {
      const id = `i${n}`;
      await this.record({ at }, proposed(id, { digest: 'sha256:same' }), allowed(id), outcome(id));
    }
  }

  async commands(): Promise<readonly Command[]> {
    const batch = await this.log.read('commands.v1', 0, { fromOffset: 0, maxRecords: 1_000 });
    const codec = this.log.codec('commands.v1');
    return batch.records.map(({ value }) => codec.decode(value ?? Buffer.alloc(0)));
  }

  /** The newest entry of each key. */
  async entries(): Promise<ReadonlyMap<string, BreakerView>> {
    const batch = await this.log.read('breakers.v1', 0, { fromOffset: 0, maxRecords: 1_000 });
    const codec = this.log.codec('breakers.v1');
    const entries = new Map<string, BreakerView>();
    for (const { key, value } of batch.records) {
      if (value === null) entries.delete(key);
      else entries.set(key, codec.decode(value));
    }
    return entries;
  }

  /** Resolves when the service has read all there is. */
  async caughtUp(): Promise<void> {
    const end = await this.log.endOffset('audit.v1', 0);
    await this.until(async () => {
      const lag = await this.log.lag('estop-breaker');
      return lag.some(({ committedOffset }) => committedOffset >= end) ? true : undefined;
    });
  }

  async until<Value>(probe: () => Promise<Value | undefined>): Promise<Value> {
    const deadline = Date.now() + WAIT_MS_MAX;
    for (;;) {
      const value = await probe();
      if (value !== undefined) return value;
      if (Date.now() > deadline) throw new Error('it did not happen in time');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  #encoded(chained: Pick<AuditRecord, 'seq' | 'prev' | 'events'>, said: About): Buffer {
    const cause = { topic: 'intents.v1', partition: 0, offset: 0 };
    const about = {
      writer: 'policy/1',
      cause,
      at: Date.now() - this.ageMs,
      subject: agentSubject(AGENT),
      ...said,
    };
    const record = { ...chained, ...about, policyHash: this.policyHash };
    return Buffer.from(this.log.codec('audit.v1').encode(record));
  }
}
