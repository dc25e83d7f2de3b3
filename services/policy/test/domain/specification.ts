/**
 * given(history).when(input).then(events): a partition driven as the process drives it, each answer
 * applied before the next input, on a clock that the test sets.
 */
import { applyRecord } from '@estop/policy/domain/apply-record';
import { decide } from '@estop/policy/domain/decide';
import type { Fleet } from '@estop/policy/domain/fleet';
import type { Answer, Input } from '@estop/policy/domain/input';
import { initialState, type PartitionState } from '@estop/policy/domain/state';
import { intentDigest } from '@estop/schemas/digest';
import type { AgentId, CommandId, HaltId, IntentId, SubjectId, ToolName } from '@estop/schemas/ids';
import type {
  AuditRecord,
  AuditRecordEvent,
  CommandBody,
  Halt,
  HaltScope,
  Intent,
} from '@estop/schemas/messages';
import { createFleetDouble, HASH } from './fleet-double.ts';

export const START_MS = Date.UTC(2026, 0, 15, 3, 0, 0);
const AGENT = 'billing-bot' as AgentId;

export class Partition {
  state: PartitionState = initialState(0);
  readonly records: AuditRecord[] = [];
  atMs = START_MS;
  fleet: Fleet;

  constructor(fleet: Fleet = createFleetDouble()) {
    this.fleet = fleet;
    this.when({ type: 'fleet', hash: HASH });
  }

  /** Lets time pass. */
  after(ms: number): this {
    this.atMs += ms;
    return this;
  }

  /** Decides one input and applies what was recorded. */
  when(input: Input): Answer {
    const { state, fleet, atMs } = this;
    const answer = decide({ state, fleet, atMs, nowMs: atMs }, input);
    if (answer.kind === 'record') this.#record(answer.subject, answer.events, input);
    return answer;
  }

  /** Proposes an intent and answers the last event: what was decided. */
  propose(intent: Partial<Record<keyof Intent, unknown>> = {}): AuditRecordEvent | Answer {
    return lastEvent(this.when(intentInput(intent)));
  }

  order(body: CommandBody, by: string, about: string = AGENT): Answer {
    const commandId = `c${this.records.length}` as CommandId;
    const subject = about as SubjectId;
    return this.when({ type: 'command', command: { commandId, subject, by, reason: null, body } });
  }

  /** The breaker service trips a breaker. */
  trip(more: Partial<Extract<CommandBody, { type: 'TripBreaker' }>> = {}, about: string = AGENT) {
    const why = {
      signal: 'loop',
      explanation: 'the same call 40 times',
      evidence: null,
      proposesKill: false,
    };
    const body = { type: 'TripBreaker', mode: 'open', until: null, ...why, ...more } as const;
    return this.order(body, 'service:breaker', about);
  }

  rearm(by: string, reason: string | null = 'looked at it', about: string = AGENT): Answer {
    const commandId = `c${this.records.length}` as CommandId;
    const command = { commandId, subject: about as SubjectId, by, reason };
    return this.when({ type: 'command', command: { ...command, body: { type: 'RearmBreaker' } } });
  }

  approve(by: string, intentId = 'i1', digest = digestOf({ intentId })): Answer {
    return this.order({ type: 'Approve', intentId: intentId as IntentId, digest }, by);
  }

  reject(by: string, intentId = 'i1'): Answer {
    const body = { type: 'Reject', intentId: intentId as IntentId } as const;
    return this.order({ ...body, digest: digestOf({ intentId }) }, by);
  }

  outcome(
    status: 'ok' | 'error' | 'cancelled' | 'unknown',
    microUsd: number | null = null,
    { agentId = AGENT as string, intentId = 'i1' } = {},
  ): Answer {
    return this.when({
      type: 'outcome',
      outcome: {
        intentId: intentId as IntentId,
        agentId: agentId as AgentId,
        status,
        tokens: null,
        microUsd,
        durationMs: null,
        resultDigest: null,
        error: null,
        reportedBy: AGENT,
      },
    });
  }

  expire(): Answer {
    return this.when({ type: 'expiry', agentId: AGENT });
  }

  halt(scope: Partial<HaltScope>, more: Partial<Halt> = {}): Answer {
    return this.when({ type: 'halt', halt: haltOf(scope, more) });
  }

  /** The state that a rebuild from the records gives. */
  rebuilt(): PartitionState {
    const state = initialState(0);
    for (const [offset, record] of this.records.entries()) applyRecord(state, record, offset);
    return state;
  }

  #record(subject: SubjectId | null, events: readonly AuditRecordEvent[], input: Input): void {
    const record: AuditRecord = {
      seq: this.records.length,
      prev: Buffer.alloc(32),
      writer: 'test',
      cause: { topic: `${input.type}s.v1`, partition: 0, offset: this.records.length },
      at: this.atMs,
      subject,
      policyHash: this.state.fleetHash,
      events,
    };
    this.records.push(record);
    applyRecord(this.state, record, this.records.length - 1);
  }
}

export function intentInput(fields: Partial<Record<keyof Intent, unknown>> = {}): Input {
  const intent = {
    intentId: 'i1' as IntentId,
    agentId: AGENT,
    sessionId: null,
    tool: 'crm.update' as ToolName,
    arguments: '{}',
    reason: null,
    task: null,
    tokens: null,
    microUsd: null,
    provenance: {},
    undo: null,
    proposedBy: null,
    point: null,
    ...fields,
  } as Intent;
  const digest = intentDigest(intent.agentId, intent.tool, intent.arguments);
  return { type: 'intent', intent, digest };
}

export function digestOf(fields: Partial<Record<keyof Intent, unknown>> = {}): string {
  const input = intentInput(fields);
  return input.type === 'intent' ? input.digest : '';
}

export function haltOf(scope: Partial<HaltScope>, more: Partial<Halt> = {}): Halt {
  return {
    haltId: 'h1' as HaltId,
    scope: { fleet: false, group: null, agent: null, tool: null, ...scope },
    mode: 'pause',
    epoch: 1,
    by: 'dana@example.com',
    reason: null,
    until: null,
    lifted: false,
    killers: [],
    ...more,
  };
}

export function lastEvent(answer: Answer): AuditRecordEvent | Answer {
  return answer.kind === 'record' ? (answer.events.at(-1) ?? answer) : answer;
}
