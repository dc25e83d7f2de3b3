/**
 * Writes intents and calls back with their decisions. No decision in time means no: the caller is
 * told to ask again with the same id, and the log keeps the question.
 */
import { partitionOfKey } from '@estop/log/partitioner';
import type { EventLog, Headers } from '@estop/log/port';
import type { Codec } from '@estop/schemas/codec';
import type { AgentId, IntentId } from '@estop/schemas/ids';
import type { Decision, Halt, Intent } from '@estop/schemas/messages';
import type { Limits } from '../config.ts';
import { intentKey, isFinal, vetoed } from '../domain/decision-body.ts';
import { LEASE_MS } from '../enforcement/point.ts';
import { ProblemError, problemOfLog } from '../problems.ts';
import type { DecisionCache } from '../read-models/decision-cache.ts';
import type { HaltBook } from '../read-models/halt-book.ts';
import type { StatedIntent } from './intent-record.ts';

/** Called once: with a decision, or with why there is none. */
export type DecisionCallback = (problem: ProblemError | null, decision: Decision | null) => void;

export interface ProposerDeps {
  readonly log: EventLog;
  readonly limits: Limits;
  readonly decisions: DecisionCache;
  readonly halts: HaltBook;
  /** For how long halts may have been said that did not arrive here, ms. */
  readonly haltsSilentMs: () => number;
  /** Something else than a refusal by the log went wrong with an append. */
  readonly onFault: (error: unknown) => void;
}

export class Proposer {
  readonly #deps: ProposerDeps;
  readonly #codec: Codec<Intent>;
  readonly #pendingByAgent = new Map<AgentId, number>();
  #pending = 0;
  /** What waits for a person, with how to end it: under a halt, with no. */
  readonly #longPolls = new Map<(halt?: Halt) => void, Decision>();

  constructor(deps: ProposerDeps) {
    this.#deps = deps;
    this.#codec = deps.log.codec('intents.v1');
  }

  /** Intents written here and not decided yet. */
  get pending(): number {
    return this.#pending;
  }

  /** Requests that wait for a person. */
  get longPolls(): number {
    return this.#longPolls.size;
  }

  /**
   * Asks for a decision. `waitMs`: how long a person is waited for when one must decide. An intent
   * decided lately is answered without asking again; another content under its id is refused.
   */
  propose(
    stated: StatedIntent,
    options: { readonly headers: Headers; readonly waitMs: number },
    done: DecisionCallback,
  ): void {
    const { intent, digest } = stated;
    const { agentId, intentId } = intent;
    const known = this.#deps.decisions.get(agentId, intentId);
    if (known !== undefined) {
      if (known.digest !== digest) return done(conflict(intentId), null);
      this.answerOrWait(known, options.waitMs, done);
      return;
    }
    const refusal = this.#refusal(agentId);
    if (refusal !== null) return done(refusal, null);

    const untrack = this.#track(agentId);
    const stop = this.#awaitFirst(intent, (problem, decision) => {
      untrack();
      if (decision === null) return done(problem, null);
      if (decision.digest !== digest) return done(conflict(intentId), null);
      this.answerOrWait(decision, options.waitMs, done);
    });
    this.#write(intent, options.headers, stop);
  }

  /** The decision on an intent that is being decided here, when it comes. */
  awaitPending(
    intent: Pick<Intent, 'agentId' | 'intentId'>,
    waitMs: number,
    done: DecisionCallback,
  ): void {
    this.#awaitFirst(intent, (problem, decision) => {
      if (decision === null) return done(problem, null);
      this.answerOrWait(decision, waitMs, done);
    });
  }

  /** Answers everybody who waits for a person with how it stands now. */
  endLongPolls(): void {
    for (const finish of [...this.#longPolls.keys()]) finish();
  }

  /** A kill: whoever waits for a person under it waits for nothing, and is told no. */
  endKilled(): void {
    for (const [finish, decision] of [...this.#longPolls]) {
      const halt = this.#deps.halts.covering(decision, 'kill');
      if (halt !== undefined) finish(halt);
    }
  }

  /** Answers a known decision once it is final or the time is up. */
  answerOrWait(decision: Decision, waitMs: number, done: DecisionCallback): void {
    const { decisions, limits } = this.#deps;
    if (isFinal(decision) || waitMs <= 0) return this.#answer(decision, done);
    // Who finds no place to wait is told how it stands now, and asks again.
    if (this.#longPolls.size >= limits.longPolls) return this.#answer(decision, done);
    let newest = decision;
    const finish = (halt?: Halt): void => {
      clearTimeout(timer);
      unlisten();
      this.#longPolls.delete(finish);
      this.#answer(halt === undefined ? newest : vetoed(newest, halt), done);
    };
    const timer = setTimeout(() => finish(), Math.min(waitMs, limits.waitMs));
    const key = intentKey(decision.agentId, decision.intentId);
    const unlisten = decisions.listen(key, (next) => {
      newest = next;
      if (isFinal(next)) finish();
    });
    this.#longPolls.set(finish, decision);
  }

  #refusal(agentId: AgentId): ProblemError | null {
    const { limits } = this.#deps;
    if (this.#pending >= limits.pendingIntents) {
      return new ProblemError('overloaded', `${this.#pending} intents wait for a decision`);
    }
    const ofAgent = this.#pendingByAgent.get(agentId) ?? 0;
    if (ofAgent < limits.pendingIntentsPerAgent) return null;
    return new ProblemError('too-many-pending', `${ofAgent} intents of ${agentId} wait already`);
  }

  #track(agentId: AgentId): () => void {
    this.#pending += 1;
    this.#pendingByAgent.set(agentId, (this.#pendingByAgent.get(agentId) ?? 0) + 1);
    return () => {
      this.#pending -= 1;
      const left = (this.#pendingByAgent.get(agentId) ?? 1) - 1;
      if (left === 0) this.#pendingByAgent.delete(agentId);
      else this.#pendingByAgent.set(agentId, left);
    };
  }

  /** Calls back with the next decision on an intent, in time or not; answers how to end it early. */
  #awaitFirst(
    { agentId, intentId }: Pick<Intent, 'agentId' | 'intentId'>,
    done: DecisionCallback,
  ): (problem: ProblemError) => void {
    const { decisions, limits } = this.#deps;
    let isDone = false;
    const finish = (problem: ProblemError | null, decision: Decision | null): void => {
      if (isDone) return;
      isDone = true;
      clearTimeout(timer);
      unlisten();
      done(problem, decision);
    };
    const timer = setTimeout(() => {
      const detail = `${intentId} was not decided within ${limits.decideMs} ms: treat it as denied`;
      finish(new ProblemError('not-decided', detail), null);
    }, limits.decideMs);
    const unlisten = decisions.listen(intentKey(agentId, intentId), (decision) => {
      finish(null, decision);
    });
    return (problem) => finish(problem, null);
  }

  /** Nothing above `read` is answered while others may have said halts that are not known here. */
  #answer(decision: Decision, done: DecisionCallback): void {
    const answer = this.#veto(decision);
    const isAction = answer.decision === 'allow' && answer.tier !== 'read';
    if (!isAction || this.#deps.haltsSilentMs() < LEASE_MS) return done(null, answer);
    const detail = 'this gateway has not heard of halts for 3 s: treat it as denied, and ask again';
    done(new ProblemError('halts-unknown', detail), null);
  }

  /** A halt known here counts before the log has told it to the policy. */
  #veto(decision: Decision): Decision {
    if (decision.decision !== 'allow') return decision;
    const halt = this.#deps.halts.covering(decision);
    return halt === undefined ? decision : vetoed(decision, halt);
  }

  #write(intent: Intent, headers: Headers, stop: (problem: ProblemError) => void): void {
    const { log } = this.#deps;
    const key = intent.agentId;
    const value = this.#codec.encode(intent);
    log
      .publish('intents.v1', partitionOfKey(key, log.partitions), { key, value, headers })
      .catch((error: unknown) => stop(this.#problemOf(error)));
  }

  #problemOf(error: unknown): ProblemError {
    const problem = problemOfLog(error);
    if (problem !== undefined) return problem;
    this.#deps.onFault(error);
    return new ProblemError('internal', 'the intent could not be written', { cause: error });
  }
}

function conflict(intentId: IntentId): ProblemError {
  const detail = `${intentId} was asked with another tool or other arguments`;
  return new ProblemError('intent-conflict', detail);
}
