/** One enforcement point: asks, holds a lease, checks permits, runs calls, and stops them. */
import { join } from 'node:path';
import { intentDigest } from '@estop/schemas/digest';
import canonicalize from 'canonicalize';
import type { Answer, Asker } from './asker.ts';
import { Control } from './control/control.ts';
import type { Call, Outcome, Ran, Refusal } from './domain/call.ts';
import { ReadCache } from './domain/read-cache.ts';
import { failureRefusal, leaseRefusal } from './domain/refusals.ts';
import { type Admission, Gatekeeper } from './gatekeeper.ts';
import { type PermitCheck, permitCheck } from './permit-check.ts';
import { refusalOf } from './refusal-of.ts';
import { Reports } from './reports.ts';
import { spentPermits } from './spent-permits.ts';
import { folderTickets, memoryTickets, type Tickets } from './tickets.ts';

/** How long the first lease is waited for. */
const FIRST_LEASE_MS = 3_000;
/** Reads that ran and are still to be told to estop; beyond that each is asked for first. */
const UNTOLD_READS_MAX = 1_000;

/** A call that runs now. */
export interface RunningCall {
  readonly intentId: string;
  /** Fires when a halt of mode `kill` covers the call: end it at once. */
  readonly signal: AbortSignal;
  /** For a call of several steps, before each: a refusal when it may not go on now. */
  recheck(): Refusal | null;
}

/** What a call gave back, and what to report of it. */
export interface Done<Result> {
  readonly result: Result;
  readonly outcome: Outcome;
}

export type Execute<Result> = (running: RunningCall) => Promise<Done<Result>>;

export interface RunOptions {
  /** How long to wait for a person, ms; default 0. */
  readonly waitMs?: number;
  /** Takes the question back. */
  readonly signal?: AbortSignal;
  /** Answer only when the outcome is reported; default: it follows. */
  readonly awaitReport?: boolean;
}

export interface EnforcementPoint {
  /** Its name among all points; permits are bound to it. */
  readonly name: string;
  /** Whether it may do more than read now. */
  readonly hasLease: boolean;
  /**
   * Asks, and runs the call once if it may be done: `execute` is called in the same moment in which
   * halts, lease and permit are checked for the last time. Reports the outcome that `execute` gives,
   * or `error` when it throws, which is passed on. An identical call that waited for a person goes
   * through once after the yes. Never throws of its own: no answer is a refusal.
   */
  run<Result>(call: Call, execute: Execute<Result>, options?: RunOptions): Promise<Ran<Result>>;
  /**
   * Runs a call under a permit that the agent asked for itself, with this point's name, and brings
   * along: for tool servers that agents call directly.
   */
  admit<Result>(
    permit: string,
    call: Call & { readonly agentId: string },
    execute: Execute<Result>,
  ): Promise<Ran<Result>>;
  /** Calls back when a kill that covers the agent as a whole arrives (not one tool of it). */
  onKill(listener: (why: string) => void): void;
  close(): Promise<void>;
}

export interface PointOptions {
  readonly url: string;
  readonly key: string;
  /** 1 to 128 letters, digits and `._@+-`. */
  readonly name: string;
  readonly asker: Asker;
  /** For an operator's key: whose calls run here. */
  readonly agent?: string | undefined;
  /** Where spent permits and waiting calls outlive the process; without it they do not. */
  readonly folder?: string | undefined;
  /** Whether other processes may be the same door on that folder; default true. */
  readonly isShared?: boolean;
  readonly clock: { nowMs(): number; monotonicMs(): number };
  /** Told when the control stream or the lease is in trouble. */
  readonly onTrouble?: (why: string) => void;
  /** Another way to check permits, for tests. */
  readonly checkPermit?: PermitCheck;
}

/** Opens the control stream at once; calls above `read` wait a moment for the first lease. */
export function openPoint(options: PointOptions): EnforcementPoint {
  return new Point(options);
}

class Point implements EnforcementPoint {
  readonly name: string;
  readonly #options: PointOptions;
  readonly #asker: Asker;
  readonly #control: Control;
  readonly #keeper: Gatekeeper;
  readonly #tickets: Tickets;
  readonly #reads = new ReadCache();
  readonly #reports: Reports;
  #untoldReads = 0;

  constructor(options: PointOptions) {
    const { name, url, key, asker, agent, folder, clock } = options;
    this.name = name;
    this.#options = options;
    this.#asker = asker;
    this.#reports = new Reports(asker);
    this.#tickets = folder === undefined ? memoryTickets() : folderTickets(join(folder, 'tickets'));
    this.#control = new Control({
      url: url.replace(/\/+$/, ''),
      key,
      point: name,
      agent,
      monotonicMs: () => clock.monotonicMs(),
      random: Math.random,
      onHello: (hello) => this.#keeper.identify(hello.agentId ?? agent ?? null, hello.groups),
      onHalt: (word) => {
        this.#reads.clear();
        this.#keeper.hear(word);
      },
      onBreaker: (word) => this.#keeper.hearBreaker(word),
      onGatewayTime: (gatewayMs, sentMs) => this.#keeper.setTime(gatewayMs, sentMs),
      onTrouble: options.onTrouble ?? (() => {}),
    });
    this.#keeper = new Gatekeeper({
      point: name,
      agentId: agent ?? null,
      clock,
      spent: spentPermits(folder, options.isShared ?? true),
      checkPermit: options.checkPermit ?? permitCheck(url),
      hasLease: () => this.#control.hasLease,
    });
    this.#control.start();
  }

  get hasLease(): boolean {
    return this.#control.hasLease;
  }

  async run<Result>(
    call: Call,
    execute: Execute<Result>,
    options: RunOptions = {},
  ): Promise<Ran<Result>> {
    const halted = this.#keeper.haltOn(call.tool, null);
    if (halted !== null) return halted;
    const args = canonicalize(call.arguments) ?? '{}';
    const key = intentDigest('', call.tool, args);
    if (this.#mayReadAgain(key)) return this.#readAgain(call, key, execute);
    const sentMs = this.#options.clock.monotonicMs();
    let answer: Answer;
    try {
      answer = await this.#ask(call, key, options);
    } catch (error) {
      return failureRefusal(call.tool, error);
    }
    if (answer.decision !== 'allow') return refusalOf(answer);
    const isRead = answer.tier === 'read';
    // The stream also says whose calls run here.
    if (!isRead || !this.#keeper.knowsAgent) await this.#control.ready(FIRST_LEASE_MS);
    if (!isRead && !this.hasLease) {
      await this.#reports.send(answer.intentId, { status: 'cancelled', error: 'no lease' });
      return leaseRefusal(call.tool, answer.intentId);
    }
    const admission = await this.#keeper.examine(answer.permit, {
      tool: call.tool,
      argumentsText: args,
      tier: answer.tier,
      intentId: answer.intentId,
      receivedMs: this.#options.clock.monotonicMs(),
    });
    const ran = await this.#enter(admission, execute, options);
    if (ran.kind === 'refused') {
      await this.#reports.send(answer.intentId, { status: 'cancelled', error: ran.message });
    } else if (answer.readAgainMs > 0) this.#reads.keep(key, sentMs + answer.readAgainMs);
    return ran;
  }

  async admit<Result>(
    permit: string,
    call: Call & { readonly agentId: string },
    execute: Execute<Result>,
  ): Promise<Ran<Result>> {
    const args = canonicalize(call.arguments) ?? '{}';
    await this.#control.ready(FIRST_LEASE_MS);
    const admission = await this.#keeper.examine(permit, {
      tool: call.tool,
      argumentsText: args,
      tier: null,
      intentId: null,
      receivedMs: null,
      agentId: call.agentId,
    });
    return this.#enter(admission, execute);
  }

  onKill(listener: (why: string) => void): void {
    this.#keeper.onKill(listener);
  }

  /** What runs goes on; what it reports is waited for. */
  async close(): Promise<void> {
    this.#control.close();
    await this.#reports.settled();
  }

  /** The decision on a call: a waiting one is looked at again, any other is asked for. */
  async #ask(call: Call, key: string, { waitMs = 0, signal }: RunOptions): Promise<Answer> {
    const ticket = await this.#tickets.find(key);
    if (ticket !== null) {
      const answer = await this.#asker.wait(ticket.intentId, { waitMs, signal });
      if (answer.decision === 'needs-approval') return answer;
      // Without an answer nobody knows: it still waits.
      if (answer.decision === 'deny' && answer.reason === 'timed-out') return answer;
      const isMine = await this.#tickets.claim(key, ticket.intentId);
      if (isMine) return answer;
    }
    const answer = await this.#asker.propose({ ...call, point: this.name }, { waitMs, signal });
    if (answer.decision === 'needs-approval') {
      const { id: approvalId, expiresAt } = answer.approval;
      await this.#tickets.keep(key, { intentId: answer.intentId, approvalId, expiresAt });
    }
    return answer;
  }

  /** Runs what is admitted in this very moment, and reports what came of it. */
  async #enter<Result>(
    admission: Admission,
    execute: Execute<Result>,
    options: RunOptions = {},
  ): Promise<Ran<Result>> {
    const entry = this.#keeper.enter(admission);
    if (entry.kind === 'refused') return entry;
    return this.#execute(entry, execute, options);
  }

  async #execute<Result>(
    entry: { readonly running: RunningCall; readonly leave: () => void },
    execute: Execute<Result>,
    { awaitReport = false }: RunOptions = {},
  ): Promise<Ran<Result>> {
    const { running, leave } = entry;
    try {
      const { result, outcome } = await execute(running);
      const reported = this.#reports.send(running.intentId, outcome);
      if (awaitReport) await reported;
      return { kind: 'ran', result };
    } catch (error) {
      const status = running.signal.aborted ? 'unknown' : 'error';
      void this.#reports.send(running.intentId, { status, error: String(error).slice(0, 500) });
      throw error;
    } finally {
      leave();
    }
  }

  #mayReadAgain(key: string): boolean {
    const hasRead = this.#reads.has(key, this.#options.clock.monotonicMs());
    if (!hasRead || this.#keeper.isBreakerOpen) return false;
    return this.#control.hasLease && this.#untoldReads < UNTOLD_READS_MAX;
  }

  /** Runs first, and asks behind it: a no ends it, and the log has it either way. */
  async #readAgain<Result>(
    call: Call,
    key: string,
    execute: Execute<Result>,
  ): Promise<Ran<Result>> {
    const intentId = crypto.randomUUID();
    const entry = this.#keeper.enterRead(call.tool, intentId);
    if (entry.kind === 'refused') return entry;
    const sentMs = this.#options.clock.monotonicMs();
    this.#untoldReads += 1;
    const told = this.#asker
      .propose({ ...call, id: intentId, point: this.name })
      .then((answer) => {
        if (answer.decision !== 'allow' || answer.readAgainMs <= 0) this.#reads.drop(key);
        else this.#reads.keep(key, sentMs + answer.readAgainMs);
      })
      .catch(() => this.#reads.drop(key))
      .finally(() => {
        this.#untoldReads -= 1;
      });
    this.#reports.track(told);
    return this.#execute(entry, async (running) => {
      const done = await execute(running);
      await told;
      return done;
    });
  }
}
