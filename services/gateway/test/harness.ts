/** A gateway on an embedded log of its own, with the real policy behind it unless left out. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openEmbeddedLog } from '@estop/log/embedded/embedded-log';
import { partitionOfKey } from '@estop/log/partitioner';
import type { EventLog } from '@estop/log/port';
import { checkFleet } from '@estop/policy/adapters/fleet/check-fleet';
import { compileFleet } from '@estop/policy/adapters/fleet/compile-fleet';
import { startPolicy } from '@estop/policy/main';
import { systemClock } from '@estop/runtime/clock';
import { createHealth } from '@estop/runtime/health';
import { createMemoryLogger } from '@estop/runtime/logger';
import { createMetrics } from '@estop/runtime/metrics';
import { newApiKey } from '@estop/schemas/api-key';
import { intentDigest } from '@estop/schemas/digest';
import { parsePersonId, type ToolName } from '@estop/schemas/ids';
import type { Decision } from '@estop/schemas/messages';
import { type GatewayConfig, type JwtConfig, LIMITS, type Limits } from '../src/config.ts';
import { createGateway, type Gateway } from '../src/main.ts';
import type { UnwrittenHalts } from '../src/unwritten-halts.ts';

export const FLEET: Readonly<Record<string, string>> = {
  'agents.yaml': `agents:
  billing-bot: { owner: dana@example.com, groups: [finance] }
  crm-bot: { owner: dana@example.com, groups: [sales] }
`,
  'tools.yaml': `tools:
  crm.read: { tier: read }
  crm.write: { tier: write, arguments: { type: object, properties: { id: { type: integer } } } }
  crm.delete: { tier: destructive, arguments: { type: object, properties: { id: { type: integer } } } }
`,
  'limits.yaml': `budgets:
  - { id: calls, scope: { agent: billing-bot }, unit: calls, ceiling: 100000, window: day }
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

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: answers of the door under test, checked by the tests
  readonly body: any;
}

export interface Bench {
  readonly gateway: Gateway;
  readonly log: EventLog;
  readonly url: string;
  readonly operatorKey: string;
  readonly logLines: readonly string[];
  send(method: string, path: string, options?: SendOptions): Promise<Answer>;
  /** An API key of an agent, or of a person when it holds an @. */
  keyOf(subject: string): Promise<string>;
  /** What the policy would publish. */
  publishDecision(decision: {
    readonly agentId: string;
    readonly intentId: string;
    readonly digest: string;
  }): Promise<void>;
  /** Resolves when the log holds this intent, so many times. */
  written(agentId: string, intentId: string, times?: number): Promise<void>;
  /** Another gateway on the same log. */
  openSecondGateway(): Promise<{ readonly url: string; close(): Promise<void> }>;
  close(): Promise<void>;
}

export interface SendOptions {
  readonly key?: string | null;
  readonly body?: unknown;
  readonly text?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface BenchOptions {
  readonly isDecided?: boolean;
  readonly fleet?: Readonly<Record<string, string>> | null;
  readonly limits?: Partial<Limits>;
  readonly jwt?: JwtConfig;
  readonly wrapLog?: (log: EventLog) => EventLog;
  readonly peerKey?: Uint8Array;
  readonly peerUrls?: readonly string[];
  readonly unwritten?: UnwrittenHalts;
}

export async function startBench(options: BenchOptions = {}): Promise<Bench> {
  const { isDecided = true, fleet = FLEET, limits = {}, jwt = null, wrapLog } = options;
  const path = mkdtempSync(join(tmpdir(), 'estop-gateway-'));
  const opened = await openEmbeddedLog({ path, partitions: 3 });
  const log = wrapLog === undefined ? opened : wrapLog(opened);
  const { logger, lines } = createMemoryLogger();
  const operator = newApiKey();
  const policy = isDecided ? await decide(opened) : null;
  const config: GatewayConfig = {
    host: '127.0.0.1',
    port: 0,
    operatorKeyHash: operator.secretHash,
    permitSecret: randomBytes(32),
    peerKey: options.peerKey ?? null,
    peerUrls: options.peerUrls ?? [],
    jwt,
    limits: {
      ...LIMITS,
      ...(isDecided ? {} : { fleetAppliedMs: 50, liftAppliedMs: 50 }),
      ...limits,
    },
  };
  const open = (): Gateway =>
    createGateway({
      log,
      clock: systemClock,
      logger,
      metrics: createMetrics(),
      health: createHealth(),
      config,
      checkFleet,
      ...(options.unwritten === undefined ? {} : { unwritten: options.unwritten }),
      groups: ['estop-policy'],
    });
  const gateway = open();
  const { url } = await gateway.start();
  const by = parsePersonId('operator@local');
  if (fleet !== null && by !== undefined) {
    await gateway.putFleet(fleet, by);
    await waitUntil(() => gateway.activeFleet() !== null);
  }

  async function send(method: string, route: string, request: SendOptions = {}): Promise<Answer> {
    const { key = operator.key, body, text, headers = {} } = request;
    const payload = text ?? (body === undefined ? undefined : JSON.stringify(body));
    const response = await fetch(`${url}${route}`, {
      method,
      headers: {
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(payload === undefined ? {} : { body: payload }),
    });
    const read = await response.text();
    const isJson = /[+/]json$/.test(response.headers.get('content-type')?.split(';')[0] ?? '');
    return {
      status: response.status,
      headers: response.headers,
      body: isJson && read !== '' ? JSON.parse(read) : read,
    };
  }

  return {
    gateway,
    log,
    url,
    operatorKey: operator.key,
    logLines: lines,
    send,
    async keyOf(subject) {
      const owner = subject.includes('@') ? 'people' : 'agents';
      const issued = await send('POST', `/v1/${owner}/${subject}/credentials`, {
        body: { kind: 'api-key' },
      });
      return issued.body.secret;
    },
    async publishDecision(decision) {
      const value = log
        .codec('decisions.v1')
        .encode({ ...ALLOWED, ...(decision as never as Decision) });
      const partition = partitionOfKey(decision.agentId, log.partitions);
      await log.publish('decisions.v1', partition, { key: decision.agentId, value });
    },
    async written(agentId, intentId, times = 1) {
      const codec = log.codec('intents.v1');
      const partition = partitionOfKey(agentId, log.partitions);
      await waitUntil(async () => {
        const options = { fromOffset: 0, maxRecords: 1_000 };
        const { records } = await log.read('intents.v1', partition, options);
        const ids = records.map(({ value }) => value && codec.decode(value).intentId);
        return ids.filter((id) => id === intentId).length >= times;
      });
    },
    async openSecondGateway() {
      const second = open();
      return { url: (await second.start()).url, close: () => second.close() };
    },
    async close() {
      await gateway.close();
      await policy?.close();
      await opened.close();
      rmSync(path, { recursive: true, force: true });
    },
  };
}

function decide(log: EventLog) {
  return startPolicy({
    log,
    clock: systemClock,
    logger: createMemoryLogger().logger,
    registry: createMetrics().registry,
    version: 'test',
    async loadFleet(files) {
      const checked = await checkFleet(files);
      if (!checked.ok) throw new Error('the fleet is wrong');
      return compileFleet(checked.bundle);
    },
  });
}

const ALLOWED = {
  sessionId: null,
  tool: 'crm.read' as ToolName,
  tier: 'read',
  point: null,
  decision: 'allow',
  reason: 'permitted',
  message: 'permitted by a test',
  rules: ['reads'],
  policyHash: null,
  at: 1_700_000_000_000,
  record: { partition: 0, offset: 0 },
  approval: null,
  retryAfterMs: null,
  expiresAt: null,
  limits: [],
} as const;

async function waitUntil(isSo: () => Promise<boolean> | boolean): Promise<void> {
  const signal = AbortSignal.timeout(10_000);
  while (!(await isSo())) {
    signal.throwIfAborted();
    await pause(5);
  }
}

/** The digest of a call of crm.read without arguments. */
export function digestOf(agent: string, args = '{}', tool = 'crm.read'): string {
  return intentDigest(agent, tool, args);
}

export function intentOf(id: string, more: object = {}): object {
  return { id, tool: 'crm.read', arguments: {}, ...more };
}
