/**
 * Stopping and going on. A halt counts here from the moment it is asked for; writing it comes after,
 * and is tried again until the log takes it.
 */
import { randomUUID } from 'node:crypto';
import { partitionOfKey } from '@estop/log/partitioner';
import type { EventLog } from '@estop/log/port';
import { scopeText } from '@estop/policy/domain/halts';
import type { Clock } from '@estop/runtime/clock';
import type { Logger } from '@estop/runtime/logger';
import { messageOf } from '@estop/schemas/errors';
import { type PersonId, parseHaltId } from '@estop/schemas/ids';
import { invariant } from '@estop/schemas/invariant';
import type { AuditRecordEvent, Halt, HaltMode, HaltScope } from '@estop/schemas/messages';
import { watchAudit } from './audit-watch.ts';
import type { Limits } from './config.ts';
import { ProblemError } from './problems.ts';
import type { HaltBook, HaltNews, KnownHalt } from './read-models/halt-book.ts';

const REWRITE_MS = 1_000;

export interface HaltDeskDeps {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: Limits;
  readonly book: HaltBook;
}

export interface HaltRequest {
  readonly scope: HaltScope;
  readonly mode: HaltMode;
  readonly reason: string | null;
  /** Null: until it is lifted. */
  readonly forMs: number | null;
  readonly by: PersonId;
}

export class HaltDesk {
  readonly #deps: HaltDeskDeps;
  /** Said and in force here, and not in the log yet; the newest per scope. */
  readonly #unwritten = new Map<string, Halt>();
  /** The newest of this gateway's own words per scope, while no later one stands. */
  readonly #said = new Map<string, Halt>();
  #rewrite: NodeJS.Timeout | null = null;

  constructor(deps: HaltDeskDeps) {
    this.#deps = deps;
    deps.book.onNews((news) => this.#heard(news));
  }

  /** Stops what the scope covers. Never rejects: `isWritten` false means that the log is away. */
  async stop(request: HaltRequest): Promise<KnownHalt & { readonly isWritten: boolean }> {
    const { clock, book } = this.#deps;
    const at = clock.nowMs();
    const { scope, mode, reason, forMs, by } = request;
    const until = forMs === null ? null : at + forMs;
    const epoch = book.highestEpoch + 1;
    const about = { scope, mode, epoch, by, reason, until };
    const halt: Halt = { haltId: newHaltId(), ...about, lifted: false };
    return { halt, at, isWritten: await this.#say(halt, at) };
  }

  /** In force here at once; answers whether the log has it. */
  async #say(halt: Halt, at: number): Promise<boolean> {
    const { book, logger } = this.#deps;
    this.#said.set(scopeText(halt.scope), halt);
    book.take(halt, at);
    try {
      await this.#write(halt);
      return true;
    } catch (error) {
      logger.error({ haltId: halt.haltId, error: messageOf(error) }, 'halt not written; retrying');
      this.#unwritten.set(scopeText(halt.scope), halt);
      this.#rewriteLater();
      return false;
    }
  }

  /**
   * Two gateways may give one scope the same epoch at the same time, and one word stands. Who said
   * the other one says it again: to lift the first must not end what a second person has stopped.
   */
  #heard({ halt, before }: HaltNews): void {
    const scope = scopeText(halt.scope);
    const mine = this.#said.get(scope);
    if (mine === undefined || mine.haltId === halt.haltId) return;
    const isTie = halt.epoch === mine.epoch && before?.haltId === mine.haltId && !before.lifted;
    this.#said.delete(scope);
    if (!isTie) return;
    const again = { ...mine, epoch: this.#deps.book.highestEpoch + 1 };
    void this.#say(again, this.#deps.clock.nowMs());
  }

  /**
   * Ends a halt, and waits a moment for the policy to know. Rejects with ProblemError `not-found`,
   * `conflict`, or `second-person` when who has killed it would lift it, and when the log cannot be
   * written: then the halt stays.
   */
  async lift(
    haltId: string,
    order: { readonly by: PersonId; readonly reason: string },
  ): Promise<KnownHalt> {
    const { clock, book, log, limits } = this.#deps;
    const known = book.byId(haltId);
    if (known === undefined) throw new ProblemError('not-found', `there is no halt ${haltId}`);
    if (!book.isLive(known.halt)) throw new ProblemError('conflict', `${haltId} has ended already`);
    if (known.halt.mode === 'kill' && known.halt.by === order.by) {
      throw new ProblemError('second-person', `${order.by} has killed it: somebody else lifts it`);
    }
    const lifted: Halt = { ...known.halt, ...order, lifted: true };
    const watch = await watchAudit(log, this.#partitionsOf(lifted.scope));
    // Whoever halted the scope anew meanwhile is not overruled by a lift of the halt before.
    if (!book.holds(known.halt)) {
      throw new ProblemError('conflict', `the scope of ${haltId} was halted anew`);
    }
    await this.#write(lifted);
    this.#unwritten.delete(scopeText(lifted.scope));
    const at = clock.nowMs();
    book.take(lifted, at);
    const isLift = (event: AuditRecordEvent): boolean =>
      event.type === 'HaltLifted' && event.halt.haltId === haltId;
    await watch.countRecorded(isLift, limits.liftAppliedMs);
    return { halt: lifted, at };
  }

  close(): void {
    if (this.#rewrite !== null) clearTimeout(this.#rewrite);
  }

  async #write(halt: Halt): Promise<void> {
    const { log } = this.#deps;
    const value = log.codec('halts.v1').encode(halt);
    await log.publish('halts.v1', 0, { key: scopeText(halt.scope), value });
  }

  #rewriteLater(): void {
    this.#rewrite ??= setTimeout(() => {
      this.#rewrite = null;
      this.#rewriteAll().catch((error: unknown) => {
        this.#deps.logger.error({ error: messageOf(error) }, 'halts not written; retrying');
        this.#rewriteLater();
      });
    }, REWRITE_MS);
  }

  async #rewriteAll(): Promise<void> {
    for (const [scope, halt] of this.#unwritten) {
      if (this.#deps.book.holds(halt)) await this.#write(halt);
      // A newer halt of this scope may have come meanwhile; it still waits.
      if (this.#unwritten.get(scope) === halt) this.#unwritten.delete(scope);
    }
  }

  /** Where a halt becomes a fact: with one agent in its scope, only in that agent's partition. */
  #partitionsOf({ agent }: HaltScope): readonly number[] {
    const { partitions } = this.#deps.log;
    if (agent !== null) return [partitionOfKey(agent, partitions)];
    return Array.from({ length: partitions }, (_, partition) => partition);
  }
}

function newHaltId(): Halt['haltId'] {
  const haltId = parseHaltId(`h-${randomUUID()}`);
  invariant(haltId !== undefined, 'a UUID with a prefix is a halt id');
  return haltId;
}
