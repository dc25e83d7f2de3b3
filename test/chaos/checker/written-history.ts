/** A small history, written as the real ones are: Avro, linked by SHA-256. What tests doctor. */
import { createHash } from 'node:crypto';
import { createCodec } from '@estop/schemas/codec';
import type { MessageOf } from '@estop/schemas/message-of';
import type { AuditRecordEvent, Cause, Intent } from '@estop/schemas/messages';
import type { Acknowledged, CheckedTopic, History, RawRecord } from './history.ts';

const SCHEMA_ID = 7;
const CODECS = {
  'intents.v1': createCodec('intents.v1', SCHEMA_ID),
  'audit.v1': createCodec('audit.v1', SCHEMA_ID),
  'decisions.v1': createCodec('decisions.v1', SCHEMA_ID),
  'dead-letters.v1': createCodec('dead-letters.v1', SCHEMA_ID),
};
export const AGENT = 'agent-1';
const BUDGET = {
  unit: 'calls',
  windowMs: null,
  holder: 'agent',
  tools: ['crm.update'],
} as const;
const HASH = 'a'.repeat(64);

type Head = { readonly seq: number; readonly prev: Buffer };
const GENESIS: Head = { seq: 0, prev: Buffer.alloc(32) };

/** Writes the topics of one partition, record by record. */
export class WrittenHistory {
  readonly records: Record<CheckedTopic, RawRecord[]> = {
    'intents.v1': [],
    'outcomes.v1': [],
    'commands.v1': [],
    'audit.v1': [],
    'decisions.v1': [],
    'dead-letters.v1': [],
  };
  readonly acknowledged: Acknowledged[] = [];
  readonly poison: Cause[] = [];
  /** Of a budget that partitions share; null: there is none. */
  sharedCeiling: number | null = null;
  head: Head = GENESIS;
  #timeMs = 1_000;

  /** Appends raw bytes; answers where they stand. */
  append(topic: CheckedTopic, value: Buffer): number {
    this.#timeMs += 1;
    const offset = this.records[topic].length;
    const record = { partition: 0, offset, timestampMs: this.#timeMs, key: AGENT, value };
    this.records[topic].push(record);
    return offset;
  }

  write<T extends keyof typeof CODECS>(topic: T, message: MessageOf[T]): number {
    const codec = CODECS[topic] as { encode(value: MessageOf[T]): Buffer };
    return this.append(topic, Buffer.from(codec.encode(message)));
  }

  /** A record of the audit on a head: the newest one, or one that was overtaken. */
  audit(
    events: readonly AuditRecordEvent[],
    {
      writer = 'w1',
      cause = { topic: 'tick', partition: 0, offset: -1 },
      head = this.head,
    }: { readonly writer?: string; readonly cause?: Cause; readonly head?: Head } = {},
  ): number {
    const offset = this.write('audit.v1', {
      ...head,
      writer,
      cause,
      at: this.#timeMs,
      subject: AGENT,
      policyHash: null,
      events,
    } as unknown as MessageOf['audit.v1']);
    const value = this.records['audit.v1'].at(-1)?.value ?? Buffer.alloc(0);
    const next = { seq: head.seq + 1, prev: createHash('sha256').update(value).digest() };
    if (head === this.head) this.head = next;
    return offset;
  }

  /** An agent asks; answers the offset of the question. */
  ask(intentId: string): number {
    return this.write('intents.v1', intentOf(intentId));
  }

  /** The decider allows, publishes and the agent is told. */
  allow(intentId: string, writer = 'w1'): void {
    this.allowWith(intentId, [proposed(intentId), allowed(intentId)], writer);
  }

  /** The same by other events. */
  allowWith(intentId: string, events: readonly AuditRecordEvent[], writer = 'w1'): void {
    const asked = this.ask(intentId);
    const cause = { topic: 'intents.v1', partition: 0, offset: asked };
    const offset = this.audit(events, { writer, cause });
    this.publish(intentId, { offset });
    this.acknowledge(intentId, { offset });
  }

  publish(intentId: string, said: { offset: number; decision?: string; reason?: string }): void {
    const { offset, decision = 'allow', reason = 'permitted' } = said;
    this.write('decisions.v1', {
      ...intentOf(intentId),
      tier: 'write',
      decision,
      reason,
      message: '',
      rules: [],
      policyHash: null,
      digest: '',
      at: this.#timeMs,
      record: { partition: 0, offset },
      approval: null,
      retryAfterMs: null,
      expiresAt: null,
      limits: [],
    } as unknown as MessageOf['decisions.v1']);
  }

  acknowledge(intentId: string, { offset }: { offset: number }): void {
    const record = { partition: 0, offset };
    const told = { decision: 'allow', reason: 'permitted', answeredAtMs: this.#timeMs };
    this.acknowledged.push({ agentId: AGENT, intentId, record, ...told });
  }

  settle(intentId: string, cause: Cause, { reserved = 1, spent = 1 } = {}): void {
    const use = { budgetId: 'calls', windowStart: 0, reserved, spent, overrun: 0 };
    const outcome = { intentId, agentId: AGENT, status: 'ok', tokens: null, microUsd: null };
    const rest = { durationMs: null, resultDigest: null, error: null, reportedBy: AGENT };
    const event = { type: 'OutcomeRecorded', outcome: { ...outcome, ...rest }, settled: [use] };
    this.audit([event as unknown as AuditRecordEvent], { cause });
  }

  #shared(): History['budgets'] {
    const { sharedCeiling: ceiling } = this;
    return ceiling === null ? [] : [{ ...BUDGET, id: 'together', ceiling, holder: 'shared' }];
  }

  history(): History {
    return {
      records: this.records,
      acknowledged: this.acknowledged,
      budgets: [{ ...BUDGET, id: 'calls', ceiling: 5 }, ...this.#shared()],
      states: [{ partition: 0, liveHash: HASH, rebuiltHash: HASH }],
      poison: this.poison,
      outages: [],
      partitions: 1,
    };
  }
}

export function proposed(intentId: string): AuditRecordEvent {
  const facts = { digest: '', tier: 'write', tokens: 0, microUsd: 0, targets: [] };
  return { type: 'IntentProposed', intent: intentOf(intentId), ...facts } as AuditRecordEvent;
}

export function allowed(intentId: string): AuditRecordEvent {
  const held = [{ budgetId: 'calls', windowStart: 0, amount: 1 }];
  const rest = { reason: 'permitted', rules: [], rates: [], holdUntil: 9_999 };
  return { type: 'IntentAllowed', intentId, held, ...rest } as unknown as AuditRecordEvent;
}

export function denied(intentId: string, reason: string): AuditRecordEvent {
  const rest = { message: '', rules: [], retryAfterMs: null };
  return { type: 'IntentDenied', intentId, reason, ...rest } as unknown as AuditRecordEvent;
}

export function started(writer: string): AuditRecordEvent {
  return { type: 'WriterStarted', writer, version: '0' };
}

function intentOf(intentId: string): Intent {
  return {
    intentId,
    agentId: AGENT,
    sessionId: null,
    tool: 'crm.update',
    arguments: '{}',
    reason: null,
    task: null,
    tokens: null,
    microUsd: null,
    provenance: {},
    undo: null,
    proposedBy: null,
    point: null,
  } as unknown as Intent;
}
