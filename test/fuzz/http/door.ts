/** A gateway to knock at, with the real policy behind it, and what it must not forget meanwhile. */
import type { InjectOptions } from 'fastify';
import { assert } from 'vitest';
// @boundaries-ignore the harness of the gateway's own tests
import {
  type Bench,
  type BenchOptions,
  startBench,
} from '../../../services/gateway/test/harness.ts';
import { Contract } from './contract.ts';

const FLEET: Readonly<Record<string, string>> = {
  'agents.yaml': `agents:
  billing-bot: { owner: dana@example.com, groups: [finance] }
  crm-bot: { owner: dana@example.com, groups: [sales] }
  witness-bot: { owner: olga@example.com, groups: [witnesses] }
`,
  'tools.yaml': `tools:
  crm.read: { tier: read }
  crm.write: { tier: write, arguments: { type: object, properties: { id: { type: integer } } } }
  crm.delete: { tier: destructive, arguments: { type: object, properties: { id: { type: integer } } } }
`,
  'limits.yaml': `budgets:
  - { id: calls, scope: { agent: billing-bot }, unit: calls, ceiling: 1000000, window: day }
  - { id: finance-spend, scope: { group: finance }, unit: microUsd, ceiling: 1000000, window: day }
`,
  'people.yaml': `people:
  dana@example.com: { role: admin }
  olga@example.com: { role: operator }
  abe@example.com: { role: approver }
  vera@example.com: { role: viewer }
`,
  'policies/base.cedar': `@id("reads")
permit(principal, action in [Action::"tier-read", Action::"tier-write"], resource);
@id("deletes-after-approval")
permit(principal, action == Action::"crm.delete", resource) when { context.approval.granted };
`,
};

/** On a log that works nothing may go unanswered: what takes longer was lost. */
const LIMITS = { decideMs: 15_000, commandMs: 15_000, waitMs: 20, heartbeatMs: 20 };
const ACCEPTED_EARLIER = [
  { id: 'read', tool: 'crm.read', arguments: {} },
  { id: 'write', tool: 'crm.write', arguments: { id: 1, ключ: ['é', 1.5, null] } },
  { id: 'delete', tool: 'crm.delete', arguments: { id: 1 } },
  { id: 'unknown', tool: 'none', arguments: {} },
];

/** The log keeps up to 1 MiB of the end of each partition in memory: 7 topics of 3, and 3 of one. */
export const LOG_TAIL_BYTES_MAX = 32 * 1024 * 1024;

export interface Knock {
  readonly method: string;
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** Where it comes from: failed authentications are counted by address. */
  readonly address?: string;
}

export class Door {
  readonly bench: Bench;
  readonly contract: Contract;
  readonly agentKey: string;
  readonly viewerKey: string;
  /** How often each code, or status of an answer that is no refusal, was given. */
  readonly #counts = new Map<string, number>();
  readonly #earlier: { readonly body: object; readonly answer: string }[] = [];
  readonly #witnessKey: string;
  /** Of whoever lifts what the operator has killed. */
  readonly #secondKey: string;
  readonly #fleetHash: string | null;
  #fresh = 0;
  #linesRead = 0;

  private constructor(bench: Bench, contract: Contract, keys: readonly string[]) {
    this.bench = bench;
    this.contract = contract;
    this.#fleetHash = bench.gateway.activeFleet();
    [this.agentKey = '', this.viewerKey = '', this.#witnessKey = '', this.#secondKey = ''] = keys;
  }

  static async open(options: BenchOptions = {}): Promise<Door> {
    const bench = await startBench({
      fleet: FLEET,
      ...options,
      limits: { ...LIMITS, ...options.limits },
    });
    const { body } = await bench.send('GET', '/openapi.json', { key: null });
    const keys: string[] = [];
    for (const subject of ['billing-bot', 'vera@example.com', 'witness-bot', 'olga@example.com']) {
      keys.push(await bench.keyOf(subject));
    }
    const door = new Door(bench, new Contract(body), keys);
    for (const intent of ACCEPTED_EARLIER) {
      const { body: decision } = await door.#propose(intent);
      door.#earlier.push({ body: intent, answer: decided(decision) });
    }
    return door;
  }

  close(): Promise<void> {
    return this.bench.close();
  }

  /** Sends a request past the network, and holds the answer against the contract. */
  async knock({ method, target, headers = {}, body, address }: Knock): Promise<string> {
    const response = await this.bench.gateway.app.inject({
      method: method as NonNullable<InjectOptions['method']>,
      url: target,
      headers,
      ...(body === undefined ? {} : { payload: body }),
      ...(address === undefined ? {} : { remoteAddress: address }),
    });
    const found = Object.entries(response.headers);
    const told = Object.fromEntries(found.map(([name, value]) => [name, String(value)]));
    const answer = { status: response.statusCode, headers: told, body: response.body };
    return this.note(this.contract.check({ method, target }, answer));
  }

  note(what: string): string {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
    return what;
  }

  /** Which part of all answers had one of these codes. */
  share(...codes: readonly string[]): number {
    const all = [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
    return codes.reduce((sum, code) => sum + (this.#counts.get(code) ?? 0), 0) / all;
  }

  /** Who asks as ever is answered as ever, and what was decided before is decided the same. */
  async expectUnharmed(): Promise<void> {
    await this.#undo();
    for (const { body, answer } of this.#earlier) {
      assert.equal(decided((await this.#propose(body)).body), answer);
    }
    this.#fresh += 1;
    const id = `fresh-${this.#fresh}`;
    const fresh = await this.#propose({ id, tool: 'crm.read', arguments: {} });
    assert.equal(fresh.body.decision, 'allow', JSON.stringify(fresh.body));
    const lines = this.bench.logLines.slice(this.#linesRead);
    this.#linesRead += lines.length;
    const fault = lines.find((line) => /"level":"(error|fatal)"/.test(line));
    assert.equal(fault?.slice(0, 1_000), undefined);
  }

  /** Some of what is asked is granted: fleets change and stop. */
  async #undo(): Promise<void> {
    if (this.bench.gateway.activeFleet() !== this.#fleetHash) {
      const put = await this.bench.send('PUT', '/v1/fleet', { body: { files: FLEET } });
      assert.equal(put.status, 200, JSON.stringify(put.body));
    }
    const { body } = await this.bench.send('GET', '/v1/halts');
    for (const { id } of body.halts) {
      const order = { key: this.#secondKey, body: { reason: 'over' } };
      const lifted = await this.bench.send('POST', `/v1/halts/${id}/lift`, order);
      assert.equal(lifted.status, 200, JSON.stringify(lifted.body));
    }
  }

  #propose(body: object) {
    return this.bench.send('POST', '/v1/intents', { key: this.#witnessKey, body });
  }
}

export function bearer(key: string | null): Readonly<Record<string, string>> {
  return key === null ? {} : { authorization: `Bearer ${key}` };
}

/** What was decided; the right to act on it is another one after each halt, and runs out. */
function decided(body: object): string {
  const right = { permit: undefined, expiresAt: undefined, readAgainMs: undefined };
  return JSON.stringify({ ...body, ...right });
}
