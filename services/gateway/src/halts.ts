/**
 * Stopping and going on. A halt counts here from the moment it is asked for; writing it comes after,
 * and is tried again until the log takes it.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { partitionOfKey } from '@estop/log/partitioner';
import type { EventLog } from '@estop/log/port';
import type { Clock } from '@estop/runtime/clock';
import type { Logger } from '@estop/runtime/logger';
import { messageOf } from '@estop/schemas/errors';
import { type HaltTerms, scopeText, strictest } from '@estop/schemas/halts';
import { type PersonId, parseHaltId } from '@estop/schemas/ids';
import { invariant } from '@estop/schemas/invariant';
import type { AuditRecordEvent, Halt, HaltMode, HaltScope } from '@estop/schemas/messages';
import { watchAudit } from './audit-watch.ts';
import type { Limits } from './config.ts';
import { ProblemError } from './problems.ts';
import type { HaltBook, HaltNews, KnownHalt } from './read-models/halt-book.ts';
import type { UnwrittenHalts } from './unwritten-halts.ts';

const REWRITE_MS = 1_000;
/** How long who stops something waits for the log; it is in force either way. */
const WRITE_WAIT_MS = 1_000;

export interface HaltDeskDeps {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: Limits;
  readonly book: HaltBook;
  /** Where words wait that the log does not hold yet. */
  readonly unwritten: UnwrittenHalts;
  /** Called with each word that is said here; must not wait. */
  readonly onSaid: (known: KnownHalt) => void;
}

export interface HaltRequest {
  readonly scope: HaltScope;
  readonly mode: HaltMode;
  readonly reason: string | null;
  /** Null: until it is lifted. */
  readonly forMs: number | null;
  readonly by: PersonId;
}

export interface SaidHalt extends KnownHalt {
  /** Whether the log holds it. */
  readonly isWritten: boolean;
}

export class HaltDesk {
  readonly #deps: HaltDeskDeps;
  /** Said and in force here, and not in the log yet; the newest per scope. */
  readonly #unwritten = new Map<string, Halt>();
  /** The newest of this gateway's own words per scope, while no later one stands. */
  readonly #said = new Map<string, Halt>();
  #rewrite: NodeJS.Timeout | null = null;
  #keeping: Promise<void> = Promise.resolve();
  #isKeepOwed = false;

  constructor(deps: HaltDeskDeps) {
    this.#deps = deps;
    deps.book.onNews((news) => this.#heard(news));
  }

  /**
   * Stops what the scope covers, as strictly and for as long as what is in force there already. Never
   * rejects: `isWritten` false means that the log is away.
   */
  async stop(request: HaltRequest): Promise<SaidHalt> {
    const { clock, book } = this.#deps;
    const at = clock.nowMs();
    const { scope, mode, reason, forMs, by } = request;
    const asked = { mode, until: forMs === null ? null : at + forMs };
    const standing = book.on(scope)?.halt;
    const isHalted = standing !== undefined && book.isLive(standing);
    const terms = isHalted ? strictest(asked, standing) : asked;
    const about = { scope, ...terms, epoch: book.highestEpoch + 1, by, reason };
    const halt: Halt = { haltId: newHaltId(), ...about, lifted: false };
    return { halt, at, isWritten: await this.#say(halt, at) };
  }

  /** What an earlier process said and could not write is in force again, and written. */
  restore(): void {
    const { clock, book, unwritten } = this.#deps;
    for (const halt of unwritten.load()) {
      if (!book.take(halt, clock.nowMs())) continue;
      this.#unwritten.set(scopeText(halt.scope), halt);
      this.#rewriteLater();
    }
  }

  /** Another gateway has said this; it is written from here too, if it does not come by the log. */
  takeFromPeer(halt: Halt, at: number): void {
    if (!this.#deps.book.take(halt, at)) return;
    this.#unwritten.set(scopeText(halt.scope), halt);
    void this.#keep();
    this.#rewriteLater();
  }

  /**
   * The log holds this word, the newest on its scope by offset. Of each scope it keeps that one alone in
   * the end: where it is not the one that stands, whoever starts then would never hear of that.
   */
  logged(halt: Halt): void {
    const scope = scopeText(halt.scope);
    const waiting = this.#unwritten.get(scope);
    if (waiting !== undefined && isSameWord(waiting, halt)) this.#written(waiting);
    const standing = this.#deps.book.on(halt.scope)?.halt;
    if (standing === undefined || isSameWord(standing, halt)) return;
    // A copy: the answer to an earlier write of it, still on its way, is none to this one.
    this.#unwritten.set(scope, { ...standing });
    void this.#keep();
    this.#rewriteLater();
  }

  /** In force here at once; answers whether the log has it, after a bounded time. */
  async #say(halt: Halt, at: number): Promise<boolean> {
    const { book, onSaid } = this.#deps;
    const scope = scopeText(halt.scope);
    this.#said.set(scope, halt);
    book.take(halt, at);
    onSaid({ halt, at });
    this.#unwritten.set(scope, halt);
    const kept = this.#keep();
    const patience = new AbortController();
    const tooLong = sleep(WRITE_WAIT_MS, false, { signal: patience.signal }).catch(() => false);
    const isWritten = await Promise.race([this.#tryWriting(halt), tooLong]);
    patience.abort();
    if (!isWritten) await kept;
    return isWritten;
  }

  async #tryWriting(halt: Halt): Promise<boolean> {
    try {
      await this.#write(halt);
      this.#written(halt);
      return true;
    } catch (error) {
      const { haltId } = halt;
      this.#deps.logger.error({ haltId, error: messageOf(error) }, 'halt not written; retrying');
      this.#rewriteLater();
      return false;
    }
  }

  #written(halt: Halt): void {
    const scope = scopeText(halt.scope);
    // A newer halt of this scope may have come meanwhile; it still waits.
    if (this.#unwritten.get(scope) !== halt) return;
    this.#unwritten.delete(scope);
    void this.#keep();
  }

  /** Keeps what is unwritten; a disk that refuses takes no halt out of force. */
  #keep(): Promise<void> {
    if (this.#isKeepOwed) return this.#keeping;
    this.#isKeepOwed = true;
    const { unwritten, logger } = this.#deps;
    this.#keeping = this.#keeping
      .then(() => {
        this.#isKeepOwed = false;
        return unwritten.save([...this.#unwritten.values()]);
      })
      .catch((error: unknown) => {
        logger.error({ error: messageOf(error) }, 'halts that are not written are not kept either');
      });
    return this.#keeping;
  }

  /**
   * Two gateways may halt one scope before they hear of each other, and one word stands. Who said the
   * other one says it again where both have the same epoch: to lift the first must not end what a
   * second person has stopped; and where the one that stands stops less.
   */
  #heard({ halt, before }: HaltNews): void {
    const { book, clock } = this.#deps;
    const scope = scopeText(halt.scope);
    const mine = this.#said.get(scope);
    if (mine === undefined || mine.haltId === halt.haltId) return;
    this.#said.delete(scope);
    if (before?.haltId !== mine.haltId || !book.isLive(before)) return;
    const terms = halt.lifted ? mine : strictest(halt, mine);
    const isLess = !halt.lifted && !isSame(terms, halt);
    // Whoever lifted that one could not mean a word that the log never held.
    const isOwed = halt.lifted && this.#unwritten.get(scope)?.haltId === mine.haltId;
    if (halt.epoch !== mine.epoch && !isLess && !isOwed) return;
    const { mode, until } = terms;
    void this.#say({ ...mine, mode, until, epoch: book.highestEpoch + 1 }, clock.nowMs());
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
    const { clock, book, log, limits, onSaid } = this.#deps;
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
    // Another halt of the scope may have come meanwhile, and wait.
    const waiting = this.#unwritten.get(scopeText(lifted.scope));
    if (waiting?.haltId === lifted.haltId) this.#written(waiting);
    const at = clock.nowMs();
    book.take(lifted, at);
    onSaid({ halt: lifted, at });
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
    for (const halt of [...this.#unwritten.values()]) {
      if (this.#deps.book.holds(halt)) await this.#write(halt);
      this.#written(halt);
    }
  }

  /** Where a halt becomes a fact: with one agent in its scope, only in that agent's partition. */
  #partitionsOf({ agent }: HaltScope): readonly number[] {
    const { partitions } = this.#deps.log;
    if (agent !== null) return [partitionOfKey(agent, partitions)];
    return Array.from({ length: partitions }, (_, partition) => partition);
  }
}

function isSame(one: HaltTerms, other: HaltTerms): boolean {
  return one.mode === other.mode && one.until === other.until;
}

function isSameWord(one: Halt, other: Halt): boolean {
  return one.haltId === other.haltId && one.epoch === other.epoch && one.lifted === other.lifted;
}

function newHaltId(): Halt['haltId'] {
  const haltId = parseHaltId(`h-${randomUUID()}`);
  invariant(haltId !== undefined, 'a UUID with a prefix is a halt id');
  return haltId;
}
