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
import { scopeText } from '@estop/schemas/halts';
import { haltIdOf, type PersonId } from '@estop/schemas/ids';
import type { AuditRecordEvent, Halt, HaltScope } from '@estop/schemas/messages';
import { watchAudit } from './audit-watch.ts';
import type { Limits } from './config.ts';
import { type HaltRequest, joined, nextHalt, stopsAsMuch } from './domain/next-halt.ts';
import { HaltWriter } from './halt-writer.ts';
import { ProblemError } from './problems.ts';
import type { HaltBook, HaltNews, KnownHalt } from './read-models/halt-book.ts';
import type { UnwrittenHalts } from './unwritten-halts.ts';

/** How long who stops something waits for the log; it is in force either way. */
const WRITE_WAIT_MS = 1_000;
/** And for the disk, counted from the same moment. */
const KEEP_WAIT_MS = 2_000;

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

export interface SaidHalt extends KnownHalt {
  /** Whether the log holds it. */
  readonly isWritten: boolean;
}

export class HaltDesk {
  readonly #deps: HaltDeskDeps;
  readonly #writer: HaltWriter;
  /** The newest of this gateway's own words per scope, while no later one stands. */
  readonly #said = new Map<string, Halt>();
  /**
   * Halts that were not heard from the log yet, whoever has said them, the newest per scope: whoever
   * lifts another one before that cannot mean them.
   */
  readonly #unheard = new Map<string, Halt>();

  constructor(deps: HaltDeskDeps) {
    this.#deps = deps;
    const { log, logger, unwritten } = deps;
    this.#writer = new HaltWriter({
      log,
      logger,
      unwritten,
      isWanted: (halt) => this.#stands(halt),
    });
    deps.book.onNews((news) => this.#heard(news));
  }

  /**
   * Stops what the scope covers, as strictly and for as long as what is in force there already. Never
   * rejects: `isWritten` false means that the log is away.
   */
  async stop(request: HaltRequest): Promise<SaidHalt> {
    const { clock, book } = this.#deps;
    const at = clock.nowMs();
    const known = book.on(request.scope)?.halt;
    const isStanding = known !== undefined && book.isLive(known);
    const standing = isStanding ? { ...known, killers: book.killersOf(known) } : undefined;
    const about = { haltId: haltIdOf(randomUUID()), epoch: book.highestEpoch + 1, at, standing };
    const halt = nextHalt(request, about);
    return { halt, at, isWritten: await this.#say(halt, at) };
  }

  /** What an earlier process said and could not write is in force again; before the log is read. */
  restore(): void {
    const { clock, book, unwritten } = this.#deps;
    this.#writer.holdBack();
    for (const halt of unwritten.load()) {
      if (!book.take(halt, clock.nowMs())) continue;
      const scope = scopeText(halt.scope);
      if (!halt.lifted) this.#unheard.set(scope, halt);
      // As if it were said here: nothing that stops less takes its place.
      if (!halt.lifted) this.#said.set(scope, halt);
      this.#writer.oweKept(halt);
    }
  }

  /**
   * The log was read to its end: what was restored and stands is written, with the next epoch where
   * the epochs have gone on without it.
   */
  caughtUp(): void {
    const { book } = this.#deps;
    for (const halt of [...this.#unheard.values()]) {
      if (book.holds(halt) && halt.epoch < book.highestEpoch) this.#sayAgain(halt);
    }
    this.#writer.release();
  }

  /** Another gateway has said this; it is written from here too, if it does not come by the log. */
  takeFromPeer(halt: Halt, at: number): void {
    const { book } = this.#deps;
    // One that this gateway has answered at once with a word of its own does not stand.
    if (!book.take(halt, at) || !isStanding(book, halt)) return;
    if (!halt.lifted) this.#unheard.set(scopeText(halt.scope), halt);
    void this.#writer.owe(halt);
    this.#writer.writeLater();
  }

  /**
   * The log holds this word, the newest on its scope by offset. Of each scope it keeps that one alone in
   * the end: where it is not the one that stands, whoever starts then would never hear of that.
   */
  logged(halt: Halt): void {
    const scope = scopeText(halt.scope);
    if (this.#unheard.get(scope)?.haltId === halt.haltId) this.#unheard.delete(scope);
    const waiting = this.#writer.waitingOn(scope);
    if (waiting !== undefined && isSameWord(waiting, halt)) this.#writer.written(waiting);
    const standing = this.#deps.book.on(halt.scope)?.halt;
    if (standing === undefined || isSameWord(standing, halt)) return;
    // A copy: the answer to an earlier write of it, still on its way, is none to this one.
    void this.#writer.owe({ ...standing });
    this.#writer.writeLater();
  }

  /** In force here at once; answers whether the log has it, after a bounded time. */
  async #say(halt: Halt, at: number): Promise<boolean> {
    const { book, logger, onSaid } = this.#deps;
    const scope = scopeText(halt.scope);
    this.#said.set(scope, halt);
    this.#unheard.set(scope, halt);
    book.take(halt, at);
    onSaid({ halt, at });
    const kept = within(
      KEEP_WAIT_MS,
      this.#writer.owe(halt).then(() => true),
    );
    const isWritten = await within(WRITE_WAIT_MS, this.#writer.tryNow(halt));
    if (isWritten === true) return true;
    if ((await kept) === undefined) {
      const { haltId } = halt;
      logger.error({ haltId, waitedMs: KEEP_WAIT_MS }, 'the disk hangs: a halt may not be kept');
    }
    return false;
  }

  /**
   * Two gateways may halt one scope before they hear of each other, and one word stands. Who said the
   * other one says it again where both have the same epoch: to lift the first must not end what a
   * second person has stopped; and where the one that stands stops less, or lets more people lift it.
   */
  #heard({ halt, before }: HaltNews): void {
    if (halt.lifted && this.#isKeptFrom(halt)) return;
    const { book } = this.#deps;
    const scope = scopeText(halt.scope);
    const mine = this.#said.get(scope);
    if (mine === undefined || mine.haltId === halt.haltId) return;
    this.#said.delete(scope);
    if (before?.haltId !== mine.haltId || !book.isLive(before)) return;
    const both = halt.lifted ? mine : joined(mine, halt);
    const isLess = !halt.lifted && !stopsAsMuch(halt, both);
    if (halt.epoch === mine.epoch || isLess) this.#sayAgain(both);
  }

  /**
   * A lift comes by the log before a halt of its scope that it does not lift, and that may be said
   * here, by another gateway, or by an earlier process: said again, that halt stands.
   */
  #isKeptFrom(lift: Halt): boolean {
    const scope = scopeText(lift.scope);
    const unheard = this.#unheard.get(scope);
    if (unheard === undefined) return false;
    this.#unheard.delete(scope);
    if (unheard.haltId === lift.haltId || !this.#deps.book.isLive(unheard)) return false;
    this.#sayAgain(unheard);
    return true;
  }

  #sayAgain(halt: Halt): void {
    const { book, clock } = this.#deps;
    void this.#say({ ...halt, epoch: book.highestEpoch + 1 }, clock.nowMs());
  }

  /** Of a word that waits: where a later one stands for good, it is neither written nor awaited. */
  #stands(halt: Halt): boolean {
    if (this.#deps.book.holds(halt)) return true;
    const scope = scopeText(halt.scope);
    if (this.#unheard.get(scope)?.haltId === halt.haltId) this.#unheard.delete(scope);
    return false;
  }

  /**
   * Ends a halt, and waits a moment for the policy to know. Rejects with ProblemError `not-found`,
   * `conflict`, or `second-person` when one of those who have killed it would lift it, and when the log cannot be
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
    if (book.killersOf(known.halt).includes(order.by)) {
      throw new ProblemError('second-person', `${order.by} has killed it: somebody else lifts it`);
    }
    const lifted: Halt = { ...known.halt, ...order, lifted: true, killers: [] };
    const watch = await watchAudit(log, this.#partitionsOf(lifted.scope));
    // Whoever halted the scope anew meanwhile is not overruled by a lift of the halt before.
    if (!book.holds(known.halt)) {
      throw new ProblemError('conflict', `the scope of ${haltId} was halted anew`);
    }
    await this.#writer.write(lifted);
    // Another halt of the scope may have come meanwhile, and wait.
    const waiting = this.#writer.waitingOn(scopeText(lifted.scope));
    if (waiting?.haltId === lifted.haltId) this.#writer.written(waiting);
    const at = clock.nowMs();
    book.take(lifted, at);
    onSaid({ halt: lifted, at });
    const isLift = (event: AuditRecordEvent): boolean =>
      event.type === 'HaltLifted' && event.halt.haltId === haltId;
    await watch.countRecorded(isLift, limits.liftAppliedMs);
    return { halt: lifted, at };
  }

  close(): void {
    this.#writer.close();
  }

  /** Where a halt becomes a fact: with one agent in its scope, only in that agent's partition. */
  #partitionsOf({ agent }: HaltScope): readonly number[] {
    const { partitions } = this.#deps.log;
    if (agent !== null) return [partitionOfKey(agent, partitions)];
    return Array.from({ length: partitions }, (_, partition) => partition);
  }
}

/** What a promise that never rejects comes to; undefined when that takes too long. */
async function within<Result>(
  timeoutMs: number,
  result: Promise<Result>,
): Promise<Result | undefined> {
  const patience = new AbortController();
  const tooLong = sleep(timeoutMs, undefined, { signal: patience.signal }).catch(() => undefined);
  const first = await Promise.race([result, tooLong]);
  patience.abort();
  return first;
}

function isStanding(book: HaltBook, halt: Halt): boolean {
  const standing = book.on(halt.scope)?.halt;
  return standing !== undefined && isSameWord(standing, halt);
}

function isSameWord(one: Halt, other: Halt): boolean {
  return one.haltId === other.haltId && one.epoch === other.epoch && one.lifted === other.lifted;
}
