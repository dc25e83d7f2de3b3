/**
 * Recorded intents decided offline: the production decider on the recorded clock, from a clean
 * state, one partition, nothing written anywhere.
 */
import { type CommandId, limitSubject, parseCommandId, type SubjectId } from '@estop/schemas/ids';
import { invariant } from '@estop/schemas/invariant';
import type { AuditRecordEvent, Decision, Intent, Outcome } from '@estop/schemas/messages';
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

/** A backtest over one fleet, as if it had always been in force. */
export function createBacktest(fleet: Fleet): Backtest {
  const state = initialState(0);
  let offset = 0;
  const messages: SliceBody[] = [];

  function take(input: Input, atMs: number): Answer {
    const nowMs = Math.max(state.atMs, atMs);
    const answer = decide({ state, fleet, atMs: nowMs, nowMs }, input);
    if (answer.kind === 'record') append(answer.subject, answer.events, nowMs);
    return answer;
  }

  function append(
    subject: SubjectId | null,
    events: readonly AuditRecordEvent[],
    at: number,
  ): void {
    const cause = { topic: 'backtest', partition: 0, offset };
    const policyHash = state.fleetHash;
    const record = {
      seq: offset,
      prev: NO_HASH,
      writer: 'backtest',
      cause,
      at,
      subject,
      policyHash,
      events,
    };
    applyRecord(state, record, offset);
    offset += 1;
    for (const event of events) messages.push(...messagesOf(event));
  }

  /** One partition is home and holder of every shared limit: messages arrive at once. */
  function deliver(atMs: number): void {
    for (let body = messages.shift(); body !== undefined; body = messages.shift()) {
      const subject = limitSubject(addressOf(body).limitId);
      const command = { commandId: SLICE_COMMAND, subject, by: POLICY_SERVICE, reason: null, body };
      take({ type: 'command', command }, atMs);
      for (const awaited of takeResumable(state)) take({ type: 'resume', awaited }, atMs);
    }
  }

  /** What ran out before this time, as the ticks of a live system would have found it. */
  function expireUntil(atMs: number): void {
    for (const agentId of takeDue(state.schedule, atMs, EXPIRIES_PER_TICK_MAX)) {
      // One record holds a bounded number of expiries.
      while (take({ type: 'expiry', agentId }, atMs).kind === 'record');
    }
    deliver(atMs);
  }

  take({ type: 'fleet', hash: fleet.hash }, 0);
  return {
    decide(intent, digest, atMs) {
      expireUntil(atMs);
      const answer = take({ type: 'intent', intent, digest }, atMs);
      deliver(atMs);
      if (answer.kind === 'again') return answer.decision;
      if (answer.kind !== 'record') return undefined;
      const agent = state.agentById.get(intent.agentId);
      return agent === undefined ? undefined : decisionOn(state, agent, intent.intentId);
    },
    settle(outcome, atMs) {
      expireUntil(atMs);
      const answer = take({ type: 'outcome', outcome }, atMs);
      deliver(atMs);
      return answer.kind !== 'dead-letter';
    },
  };
}

function sliceCommandId(): CommandId {
  const commandId = parseCommandId('slice');
  invariant(commandId !== undefined, 'it is an id');
  return commandId;
}
