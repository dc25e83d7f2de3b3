/** A policy service on a log, driven as gateways drive it: inputs appended, decisions read. */
import { partitionOfKey } from '@estop/log/partitioner';
import type { EventLog } from '@estop/log/port';
import { checkFleet } from '@estop/policy/adapters/fleet/check-fleet';
import { compileFleet } from '@estop/policy/adapters/fleet/compile-fleet';
import { type PolicyService, startPolicy } from '@estop/policy/main';
import { type Clock, systemClock } from '@estop/runtime/clock';
import { createMemoryLogger } from '@estop/runtime/logger';
import type { PolicyHash } from '@estop/schemas/ids';
import type { MessageOf } from '@estop/schemas/message-of';
import type { CommandBody, Decision, Halt, Intent, Outcome } from '@estop/schemas/messages';
import type { Topic } from '@estop/schemas/topics';
import { Registry } from 'prom-client';
import { haltOf, intentInput } from '../domain/specification.ts';

export const FILES: Readonly<Record<string, string>> = {
  'agents.yaml': 'agents:\n  billing-bot: { groups: [finance] }\n  crm-bot: {}\n',
  'tools.yaml': 'tools:\n  crm.read: { tier: read }\n  crm.delete: { tier: destructive }\n',
  'limits.yaml':
    'budgets:\n  - { id: reads, scope: { agent: "*" }, unit: calls, ceiling: 100, window: lifetime }\n',
  'people.yaml': 'people:\n  dana@example.com: { role: approver }\n',
  'policies/all.cedar': `
    @id("reads") permit (principal, action in Action::"tier-read", resource);
    @id("ask") permit (principal, action in Action::"tier-destructive", resource)
      when { context.approval.granted };
  `,
};

const checkedByText = new Map<string, ReturnType<typeof checkFleet>>();

/** Checks a fleet once: the check starts a worker, which takes its time. */
function check(files: ReadonlyMap<string, string>): ReturnType<typeof checkFleet> {
  const text = JSON.stringify([...files]);
  const checked = checkedByText.get(text) ?? checkFleet(files);
  checkedByText.set(text, checked);
  return checked;
}

export async function loadFleet(files: ReadonlyMap<string, string>) {
  const checked = await check(files);
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
  return compileFleet(checked.bundle);
}

export class PolicyRig {
  readonly log: EventLog;
  service: PolicyService | null = null;
  readonly #clock: Clock;

  constructor(log: EventLog, clock: Clock = systemClock) {
    this.log = log;
    this.#clock = clock;
  }

  async start(): Promise<PolicyService> {
    const deps = { clock: this.#clock, logger: createMemoryLogger().logger, version: 'test' };
    const registry = new Registry();
    this.service = await startPolicy({ log: this.log, loadFleet, registry, ...deps });
    return this.service;
  }

  async stop(): Promise<void> {
    await this.service?.close();
    this.service = null;
  }

  async apply(files: Readonly<Record<string, string>> = FILES): Promise<PolicyHash> {
    const checked = await check(new Map(Object.entries(files)));
    if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
    const { hash } = checked.bundle;
    await this.append('policies.v1', { hash, files, by: 'test' }, { key: hash, partition: 0 });
    await this.append(
      'policies.v1',
      { hash, files: null, by: 'test' },
      { key: 'active', partition: 0 },
    );
    return hash;
  }

  async propose(fields: Partial<Record<keyof Intent, unknown>> = {}): Promise<void> {
    const input = intentInput({ tool: 'crm.read', ...fields });
    if (input.type !== 'intent') return;
    await this.append('intents.v1', input.intent, { key: input.intent.agentId });
  }

  async outcome(outcome: Outcome): Promise<void> {
    await this.append('outcomes.v1', outcome, { key: outcome.agentId });
  }

  async order(body: CommandBody, by: string, subject = 'billing-bot'): Promise<void> {
    const commandId = `c-${Math.random()}`;
    const command = { commandId, subject, by, reason: null, body } as MessageOf['commands.v1'];
    await this.append('commands.v1', command, { key: subject });
  }

  async halt(scope: Partial<Halt['scope']>, more: Partial<Halt> = {}): Promise<void> {
    const halt = haltOf(scope, more);
    await this.append('halts.v1', halt, { key: JSON.stringify(scope), partition: 0 });
  }

  /** All decisions so far about an intent, oldest first, once there are `count` of them. */
  async decisions(intentId: string, count = 1, agentId = 'billing-bot'): Promise<Decision[]> {
    const partition = partitionOfKey(agentId, this.log.partitions);
    return this.until(async () => {
      const all = await this.all('decisions.v1', partition);
      const found = all.filter((d) => d.intentId === intentId && d.agentId === agentId);
      return found.length >= count ? found : undefined;
    });
  }

  async all<T extends Topic>(topic: T, partition: number): Promise<MessageOf[T][]> {
    const messages: MessageOf[T][] = [];
    let fromOffset = 0;
    for (;;) {
      const batch = await this.log.read(topic, partition, { fromOffset, maxRecords: 500 });
      if (batch.records.length === 0) return messages;
      for (const { value } of batch.records) {
        if (value !== null) messages.push(this.log.codec(topic).decode(value));
      }
      fromOffset = batch.nextOffset;
    }
  }

  async until<T>(probe: () => Promise<T | undefined>, timeoutMs = 10_000): Promise<T> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const result = await probe();
      if (result !== undefined) return result;
      if (Date.now() > deadline) throw new Error('it did not happen in time');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async append<T extends Topic>(
    topic: T,
    message: MessageOf[T],
    to: { readonly key: string; readonly partition?: number },
  ): Promise<number> {
    const value = this.log.codec(topic).encode(message);
    const partition = to.partition ?? partitionOfKey(to.key, this.log.partitions);
    return (await this.log.append(topic, partition, [{ key: to.key, value }])).baseOffset;
  }
}
