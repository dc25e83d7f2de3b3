/**
 * Agents at work through the SDK, over both gateways: each asks, asks again with the same id until
 * it is answered, reports an outcome, and remembers every answer it was given.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type Client, connect, type Decision, RequestError } from '@estop/sdk/main';
import type { Acknowledged } from './checker/history.ts';
import { Random } from './random.ts';

/** For one gateway; then the other one is asked. */
const ATTEMPT_MS = 2_500;
const PAUSE_MS = { min: 60, max: 180 };
const RETRY_MS = 100;
/** How long the last questions are asked on when the run is over. */
const LAST_MS_MAX = 30_000;

export interface Door {
  readonly name: string;
  readonly url: string;
}

export interface LoadOptions {
  readonly doors: readonly Door[];
  readonly keyByAgent: ReadonlyMap<string, string>;
  readonly seed: number;
}

/** A request that a gateway did not serve. */
export interface Trouble {
  readonly door: string;
  readonly atMs: number;
}

export class Load {
  readonly acknowledged: Acknowledged[] = [];
  /** Requests that were refused as such: with keys and bodies that are right, there are none. */
  readonly refusals: string[] = [];
  readonly troubles: Trouble[] = [];
  readonly #options: LoadOptions;
  /** When the newest answered question of an agent was first asked. */
  readonly #askedMs = new Map<string, number>();
  readonly #listeners = new Set<() => void>();
  readonly #workers: Promise<void>[];
  #isOver = false;
  #hasGivenUp = false;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#workers = [...options.keyByAgent].map(([agent, key], index) =>
      this.#work(agent, key, index),
    );
  }

  /** Resolves with the time when every agent has an answer to a question first asked after this. */
  async untilAllAnswered(sinceMs: number, patienceMs: number): Promise<number | null> {
    const deadline = AbortSignal.timeout(patienceMs);
    while (!this.#areAllAnswered(sinceMs)) {
      if (deadline.aborted) return null;
      await this.#nextAnswer(deadline);
    }
    return Date.now();
  }

  /** Lets everybody finish the question they are at; who gets no answer gives up. */
  async stop(): Promise<void> {
    this.#isOver = true;
    const timer = setTimeout(() => {
      this.#hasGivenUp = true;
    }, LAST_MS_MAX);
    await Promise.all(this.#workers);
    clearTimeout(timer);
  }

  #areAllAnswered(sinceMs: number): boolean {
    const agents = [...this.#options.keyByAgent.keys()];
    return agents.every((agent) => (this.#askedMs.get(agent) ?? 0) > sinceMs);
  }

  #nextAnswer(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#listeners.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#listeners.add(done);
      signal.addEventListener('abort', done);
    });
  }

  async #work(agent: string, key: string, index: number): Promise<void> {
    const random = new Random(this.#options.seed + index);
    const clients = this.#options.doors.map((door) => this.#client(door, key));
    for (let count = 0; !this.#isOver; count += 1) {
      const askedMs = Date.now();
      const id = `${agent}-${count}`;
      const decision = await this.#ask({ agent, clients, random, id, ...callOf(random) });
      if (decision?.decision === 'allow') await this.#report(clients, id, random);
      if (decision !== null) {
        this.#askedMs.set(agent, askedMs);
        for (const listener of [...this.#listeners]) listener();
      }
      await delay(random.whole(PAUSE_MS.min, PAUSE_MS.max));
    }
  }

  /** Until it is answered, at one gateway after the other. */
  async #ask(question: {
    readonly agent: string;
    readonly clients: readonly Client[];
    readonly random: Random;
    readonly id: string;
    readonly tool: string;
    readonly arguments: Readonly<Record<string, unknown>>;
  }): Promise<Decision | null> {
    const { agent, clients, random, id, tool, arguments: args } = question;
    for (let turn = random.whole(0, clients.length - 1); ; turn += 1) {
      const client = clients[turn % clients.length];
      if (client === undefined || this.#hasGivenUp) return null;
      try {
        const decision = await client.propose({ id, tool, arguments: args });
        if (this.#remember(agent, decision)) return decision;
      } catch (error) {
        this.#refused(`${id}: ${String(error)}`, error);
      }
      await delay(RETRY_MS);
    }
  }

  #remember(agentId: string, decision: Decision): boolean {
    const { record, intentId, reason } = decision;
    // What the SDK itself says when nobody answered stands in no log.
    if (record === null) return false;
    const told = { decision: decision.decision, reason, record, answeredAtMs: Date.now() };
    this.acknowledged.push({ agentId, intentId, ...told });
    return true;
  }

  async #report(clients: readonly Client[], id: string, random: Random): Promise<void> {
    // Mostly given back, so that ceilings are near but not used up for good.
    const status = random.pick(['cancelled', 'cancelled', 'cancelled', 'ok', 'error'] as const);
    const cost = status === 'ok' ? { microUsd: random.whole(0, 900) } : undefined;
    const report = { status, ...(cost === undefined ? {} : { cost }) };
    for (const client of random.shuffled(clients)) {
      try {
        if (await client.outcome(id, report)) return;
      } catch (error) {
        this.#refused(`outcome of ${id}: ${String(error)}`, error);
      }
    }
  }

  #refused(text: string, error: unknown): void {
    if (!(error instanceof RequestError)) throw error;
    this.refusals.push(`${text} (${error.status} ${error.code})`);
  }

  #client({ name, url }: Door, key: string): Client {
    const watched: typeof fetch = async (...request) => {
      try {
        const response = await fetch(...request);
        if (response.status >= 500) this.troubles.push({ door: name, atMs: Date.now() });
        return response;
      } catch (error) {
        this.troubles.push({ door: name, atMs: Date.now() });
        throw error;
      }
    };
    return connect({ url, key, timeoutMs: ATTEMPT_MS, fetch: watched });
  }
}

function callOf(random: Random) {
  const tool = random.pick([
    ...['crm.read', 'crm.update', 'crm.update', 'mail.send', 'mail.send'],
    ...['payments.send', 'payments.send', 'crm.delete'],
  ]);
  const args = tool === 'payments.send' ? { amountMicroUsd: random.whole(100, 900) } : {};
  return { tool, arguments: { ...args, note: random.whole(0, 1_000_000) } };
}
