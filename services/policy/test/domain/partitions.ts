/**
 * Several partitions that tell each other of shared limits, as the log carries it: each partition
 * takes its messages in the order in which they were appended, late, and sometimes twice.
 */
import { applyRecord } from '@estop/policy/domain/apply-record';
import { decide } from '@estop/policy/domain/decide';
import type { Fleet } from '@estop/policy/domain/fleet';
import type { Answer, Input } from '@estop/policy/domain/input';
import { POLICY_SERVICE } from '@estop/policy/domain/people';
import { overdue, takeResumable } from '@estop/policy/domain/shared/awaited';
import { asksToRepeat, isIdle } from '@estop/policy/domain/shared/holder';
import { isRecallLate } from '@estop/policy/domain/shared/home';
import { addressOf, messagesOf, type SliceBody } from '@estop/policy/domain/shared/messages';
import { initialState, type PartitionState } from '@estop/policy/domain/state';
import { type CommandId, limitSubject } from '@estop/schemas/ids';
import type { AuditRecord, AuditRecordEvent, Command } from '@estop/schemas/messages';
import { HASH } from './fleet-double.ts';
import { START_MS } from './specification.ts';

/** The home of every limit in these tests. */
export const HOME = 0;

export class Partitions {
  readonly states: readonly PartitionState[];
  readonly records: AuditRecord[][];
  /** Messages on their way, by partition addressed. */
  readonly inboxes: SliceBody[][];
  fleet: Fleet;
  atMs = START_MS;

  constructor(count: number, fleet: Fleet) {
    this.fleet = fleet;
    this.states = Array.from({ length: count }, (_, partition) => initialState(partition));
    this.records = this.states.map(() => []);
    this.inboxes = this.states.map(() => []);
    for (const { partition } of this.states) this.when(partition, { type: 'fleet', hash: HASH });
  }

  when(partition: number, input: Input): Answer {
    const answer = this.#answer(partition, input);
    for (const awaited of takeResumable(this.#state(partition))) {
      this.#answer(partition, { type: 'resume', awaited });
    }
    return answer;
  }

  order(partition: number, command: Pick<Command, 'subject' | 'by' | 'body'>): Answer {
    const commandId = `c${this.records[partition]?.length}` as CommandId;
    return this.when(partition, {
      type: 'command',
      command: { commandId, reason: null, ...command },
    });
  }

  /** Hands one partition its next message; true when there was one. */
  deliver(partition: number, isRepeated = false): boolean {
    const inbox = this.inboxes[partition] ?? [];
    const body = isRepeated ? inbox[0] : inbox.shift();
    if (body === undefined) return false;
    const subject = limitSubject(addressOf(body).limitId);
    this.order(partition, { subject, by: POLICY_SERVICE, body });
    return true;
  }

  /** What a tick brings to a partition. */
  tick(partition: number): void {
    const state = this.#state(partition);
    for (const awaited of overdue(state, this.atMs))
      this.when(partition, { type: 'resume', awaited });
    for (const account of [...state.accountByLimit.values()]) {
      if (isIdle(account, this.atMs)) this.when(partition, { type: 'slice-idle', account });
    }
    for (const pool of [...state.poolByLimit.values()]) {
      if (isRecallLate(pool, this.atMs)) this.when(partition, { type: 'recall-late', pool });
    }
    for (const ask of asksToRepeat(state, this.atMs)) this.#send({ type: 'RequestSlice', ask });
  }

  /** Delivers until nothing is on its way. */
  settle(): this {
    while (this.states.some(({ partition }) => this.deliver(partition)));
    return this;
  }

  /** The state that a partition's records give. */
  rebuilt(partition: number): PartitionState {
    const state = initialState(partition);
    for (const [offset, record] of (this.records[partition] ?? []).entries()) {
      applyRecord(state, record, offset);
    }
    return state;
  }

  eventsOf(type: AuditRecordEvent['type']): AuditRecordEvent[] {
    return this.records
      .flat()
      .flatMap(({ events }) => events.filter((event) => event.type === type));
  }

  #state(partition: number): PartitionState {
    const state = this.states[partition];
    if (state === undefined) throw new Error(`no partition ${partition}`);
    return state;
  }

  #answer(partition: number, input: Input): Answer {
    const state = this.#state(partition);
    const atMs = Math.max(state.atMs, this.atMs);
    const answer = decide({ state, fleet: this.fleet, atMs, nowMs: this.atMs }, input);
    if (answer.kind === 'tell') for (const body of answer.bodies) this.#send(body);
    if (answer.kind !== 'record') return answer;
    const records = this.records[partition] ?? [];
    const { subject, events } = answer;
    const offset = records.length;
    const cause = { topic: `${input.type}s`, partition, offset };
    const record = { seq: offset, prev: Buffer.alloc(32), writer: 'test', cause, at: atMs };
    records.push({ ...record, subject, policyHash: state.fleetHash, events });
    applyRecord(state, { ...record, subject, policyHash: state.fleetHash, events }, offset);
    for (const event of events) for (const body of messagesOf(event)) this.#send(body);
    return answer;
  }

  #send(body: SliceBody): void {
    const { partition } = addressOf(body);
    this.inboxes[partition === 'home' ? HOME : partition]?.push(body);
  }
}
