/** Agents that go round in circles over HTTP, and what became of it in the logs. */
import { setTimeout as delay } from 'node:timers/promises';
import type { EventLog } from '@estop/log/port';
import { readChain } from '@estop/log/run/chain-reader';
import { expect } from 'vitest';

/** No signal but loops: how many trips there must be is known, however fast the agents are. */
export function watchedFleet(agents: readonly string[]): Readonly<Record<string, string>> {
  const others = ['volume', 'error-rate', 'deny-rate', 'spend', 'tokens', 'latency', 'novelty'];
  const off = [...others, 'fan-out', 'silence'].map((signal) => `${signal}: false`).join(', ');
  return {
    'agents.yaml': `agents:\n${agents.map((agent) => `  ${agent}: {}\n`).join('')}`,
    'tools.yaml': 'tools:\n  crm.read: { tier: read }\n',
    'breakers.yaml': `defaults: { signals: { ${off} } }\n`,
    'people.yaml': 'people:\n  dana@example.com: { role: admin }\n',
    'policies/fleet.cedar':
      '@id("reads") permit (principal, action in Action::"tier-read", resource);\n',
  };
}

/** The same call with the same result so often is a loop (breakers.yaml, `loops.sameResult`). */
export const LOOP_CALLS = 4;
const RESULT = `sha256:${'a'.repeat(64)}`;
const ANSWER_MS = 20_000;
const RETRY_MS = 50;

interface Decision {
  readonly decision: string;
  readonly reason: string;
}

/** What agents say at one gateway. */
export class WatchedAgents {
  readonly #url: string;
  readonly #keyByAgent: ReadonlyMap<string, string>;
  #calls = 0;

  private constructor(url: string, keyByAgent: ReadonlyMap<string, string>) {
    this.#url = url;
    this.#keyByAgent = keyByAgent;
  }

  static async at(
    url: string,
    operatorKey: string,
    agents: readonly string[],
  ): Promise<WatchedAgents> {
    const keys = new Map<string, string>();
    for (const agent of agents) {
      const path = `${url}/v1/agents/${agent}/credentials`;
      const answer = await post(path, { kind: 'api-key' }, operatorKey);
      keys.set(agent, JSON.parse(answer).secret);
    }
    return new WatchedAgents(url, keys);
  }

  /** Asks for one call, tells its outcome when it may be made, and answers the decision. */
  async call(agent: string, args: object, session: string | null = null): Promise<Decision> {
    this.#calls += 1;
    const id = `${agent}-${this.#calls}`;
    const key = this.#keyByAgent.get(agent) ?? '';
    const intent = { id, tool: 'crm.read', arguments: args };
    const about = session === null ? {} : { session };
    const asked = await post(`${this.#url}/v1/intents`, { ...intent, ...about }, key);
    const decision: Decision = JSON.parse(asked);
    if (decision.decision !== 'allow') return decision;
    const outcome = { status: 'ok', resultDigest: RESULT };
    await post(`${this.#url}/v1/intents/${id}/outcome`, outcome, key);
    return decision;
  }

  /** A call like no other, told like no other. */
  work(agent: string): Promise<Decision> {
    return this.call(agent, { item: this.#calls });
  }

  /** The same call in one session, with the same result, so often. */
  async repeat(agent: string, times: number, pauseMs = 0): Promise<void> {
    for (let n = 0; n < times; n += 1) {
      expect(await this.call(agent, { loop: agent }, 's1')).toMatchObject({ decision: 'allow' });
      await delay(pauseMs);
    }
  }

  /** Resolves when a call of the agent is denied by its breaker. */
  async untilOpen(agent: string): Promise<void> {
    const reason = async () => (await this.work(agent)).reason;
    await expect.poll(reason, { timeout: ANSWER_MS, interval: RETRY_MS }).toBe('breaker-open');
  }
}

/** What the logs say of the breakers, by the chain rule. */
export interface ToldTrips {
  /** How often the breaker of an agent was tripped. */
  readonly tripsByAgent: ReadonlyMap<string, number>;
  /** How often an order was accepted. */
  readonly acceptedById: ReadonlyMap<string, number>;
  /** The ids of all orders that were given, also those given twice. */
  readonly orders: readonly string[];
}

export async function toldTrips(log: EventLog): Promise<ToldTrips> {
  const tripsByAgent = new Map<string, number>();
  const acceptedById = new Map<string, number>();
  const orders: string[] = [];
  for (let partition = 0; partition < log.partitions; partition += 1) {
    await readChain(log, partition, {
      onRecord({ record: { subject, events } }) {
        for (const event of events) {
          if (event.type === 'CommandAccepted') count(acceptedById, event.commandId);
          const isTrip = event.type === 'BreakerChanged' && event.cause === 'tripped';
          if (isTrip) count(tripsByAgent, (subject ?? '').replace('agent:', ''));
        }
      },
    });
    orders.push(...(await ordersOf(log, partition)));
  }
  return { tripsByAgent, acceptedById, orders };
}

async function ordersOf(log: EventLog, partition: number): Promise<readonly string[]> {
  const orders: string[] = [];
  const codec = log.codec('commands.v1');
  for (let fromOffset = 0; ; ) {
    const batch = await log.read('commands.v1', partition, { fromOffset, maxRecords: 1_000 });
    if (batch.records.length === 0) return orders;
    await log.learnSchemas(batch.records);
    for (const { value } of batch.records) {
      const command = value === null ? null : codec.decode(value);
      if (command?.body.type === 'TripBreaker') orders.push(command.commandId);
    }
    fromOffset = batch.nextOffset;
  }
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** Until it is served: who asks does not know that a process is taken over. */
async function post(url: string, body: object, key: string): Promise<string> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const deadlineMs = performance.now() + ANSWER_MS;
  for (;;) {
    const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
    const text = await answer.text();
    if (answer.ok) return text;
    if (answer.status !== 503 || performance.now() > deadlineMs) {
      throw new Error(`${url} answered ${answer.status}: ${text}`);
    }
    await delay(RETRY_MS);
  }
}
