/**
 * Recorded intents decided offline: the production decider on the recorded clock, from a clean
 * state, one partition, nothing written anywhere.
 */
import { type CommandId, limitSubject, parseCommandId, type SubjectId } from '@estop/schemas/ids';
import { invariant } from '@estop/schemas/invariant';
import type {
  AuditRecord,
  AuditRecordEvent,
  Command,
  Decision,
  Intent,
  Outcome,
} from '@estop/schemas/messages';
import { applyRecord } from './apply-record.ts';
import { decide } from './decide.ts';
import { decisionOn } from './decided.ts';
import type { Fleet } from './fleet.ts';
import type { Answer, Input } from './input.ts';
import { EXPIRIES_PER_TICK_MAX } from './limits.ts';
import { POLICY_SERVICE } from './people.ts';
import { takeDue } from './schedule.ts';
import { takeResumable } from './shared/awaited.ts';
import { addressOf, messagesOf, type SliceBody } from './shared/messages.ts';
import { initialState } from './state.ts';

const NO_HASH = new Uint8Array(32);
const SLICE_COMMAND = sliceCommandId();

export interface Backtest {
  /** Decides an intent at a time, ms; times that go back count as the latest seen. */
  decide(intent: Intent, digest: string, atMs: number): Decision | undefined;
  /** Settles an outcome; answers false when it belongs to no allowed intent. */
  settle(outcome: Outcome, atMs: number): boolean;
}

/** What watches the records, as it would on the audit log; what it orders is decided at once. */
export type Observe = (record: AuditRecord, offset: number) => readonly Command[];

/** A backtest over one fleet, as if it had always been in force. */
export function createBacktest(fleet: Fleet, observe: Observe): Backtest {
  const partition = new OfflinePartition(fleet, observe);
  const { state } = partition;
  partition.take({ type: 'fleet', hash: fleet.hash }, 0);
  return {
    decide(intent, digest, atMs) {
      partition.expireUntil(atMs);
      const answer = partition.take({ type: 'intent', intent, digest }, atMs);
      partition.deliver(atMs);
      if (answer.kind === 'again') return answer.decision;
      if (answer.kind !== 'record') return undefined;
      const agent = state.agentById.get(intent.agentId);
      return agent === undefined ? undefined : decisionOn(state, agent, intent.intentId);
    },
    settle(outcome, atMs) {
      partition.expireUntil(atMs);
      const answer = partition.take({ type: 'outcome', outcome }, atMs);
      partition.deliver(atMs);
      return answer.kind !== 'dead-letter';
    },
  };
}

/** The only partition: what its records lead to arrives before the next input. */
class OfflinePartition {
  readonly state = initialState(0);
  readonly #fleet: Fleet;
  readonly #observe: Observe;
  #offset = 0;
  readonly #messages: SliceBody[] = [];
  readonly #orders: Command[] = [];

  constructor(fleet: Fleet, observe: Observe) {
    this.#fleet = fleet;
    this.#observe = observe;
  }

  take(input: Input, atMs: number): Answer {
    const { state } = this;
    const nowMs = Math.max(state.atMs, atMs);
    const answer = decide({ state, fleet: this.#fleet, atMs: nowMs, nowMs }, input);
    if (answer.kind === 'record') this.#append(answer.subject, answer.events, nowMs);
    return answer;
  }

  /** What ran out before this time, as the ticks of a live system would have found it. */
  expireUntil(atMs: number): void {
    for (const agentId of takeDue(this.state.schedule, atMs, EXPIRIES_PER_TICK_MAX)) {
      // One record holds a bounded number of expiries.
      while (this.take({ type: 'expiry', agentId }, atMs).kind === 'record');
    }
    this.deliver(atMs);
  }

  deliver(atMs: number): void {
    this.#deliverMessages(atMs);
    for (let order = this.#orders.shift(); order !== undefined; order = this.#orders.shift()) {
      this.take({ type: 'command', command: order }, atMs);
      this.#deliverMessages(atMs);
    }
  }

  /** It is home and holder of every shared limit. */
  #deliverMessages(atMs: number): void {
    const { state } = this;
    const messages = this.#messages;
    for (let body = messages.shift(); body !== undefined; body = messages.shift()) {
      const subject = limitSubject(addressOf(body).limitId);
      const command = { commandId: SLICE_COMMAND, subject, by: POLICY_SERVICE, reason: null, body };
      this.take({ type: 'command', command }, atMs);
      for (const awaited of takeResumable(state)) this.take({ type: 'resume', awaited }, atMs);
    }
  }

  #append(subject: SubjectId | null, events: readonly AuditRecordEvent[], at: number): void {
    const { state } = this;
    const offset = this.#offset;
    const cause = { topic: 'backtest', partition: 0, offset };
    const place = { seq: offset, prev: NO_HASH, writer: 'backtest', cause };
    const record = { ...place, at, subject, policyHash: state.fleetHash, events };
    applyRecord(state, record, offset);
    this.#offset += 1;
    for (const event of events) this.#messages.push(...messagesOf(event));
    this.#orders.push(...this.#observe(record, offset));
  }
}

function sliceCommandId(): CommandId {
  const commandId = parseCommandId('slice');
  invariant(commandId !== undefined, 'it is an id');
  return commandId;
}
