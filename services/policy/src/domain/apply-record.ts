/**
 * Folding the log: one valid audit record changes the state. Events carry every number, so that a
 * fold needs no fleet, no clock and no rule engine, and rebuilds exactly what the decider had.
 */

import { parseSubject } from '@estop/schemas/ids';
import type { AuditRecord, AuditRecordEvent } from '@estop/schemas/messages';
import { applyAgentEvent } from './apply-agent-event.ts';
import { forgetOld, forgettingMsOf } from './forget.ts';
import { scopeText } from './halts.ts';
import { ANSWERS_MAX } from './limits.ts';
import type { RecordContext } from './record-context.ts';
import {
  initialAgent,
  initialPerson,
  type PartitionState,
  type PersonState,
  type SubjectState,
} from './state.ts';

/** Applies one valid record, in place. */
export function applyRecord(state: PartitionState, record: AuditRecord, offset: number): void {
  applyToPartition(state, record);
  if (record.subject !== null) applyToSubject(state, record, offset);
}

/** What a record says to its partition, whatever is known of its subject. */
export function applyToPartition(state: PartitionState, record: AuditRecord): void {
  const previousMs = state.atMs;
  state.atMs = record.at;
  if (forgettingMsOf(record.at) !== forgettingMsOf(previousMs)) {
    for (const agent of state.agentById.awake()) forgetOld(agent, record.at);
  }
  const { topic, offset: inputOffset } = record.cause;
  if (inputOffset >= 0) state.nextOffsetByTopic.set(topic, inputOffset + 1);
  if (record.subject !== null) return;
  for (const event of record.events) applyPartitionEvent(state, event);
}

function applyToSubject(state: PartitionState, record: AuditRecord, offset: number): void {
  const subject = record.subject === null ? undefined : parseSubject(record.subject);
  if (subject === undefined) return;
  const context: RecordContext = { state, record, offset };
  if (subject.kind === 'person') {
    const person = state.personById.get(subject.id) ?? initialPerson();
    state.personById.set(subject.id, person);
    for (const event of record.events) applyPersonEvent(person, event, context);
    return;
  }
  const agent = state.agentById.get(subject.id) ?? initialAgent(subject.id);
  state.agentById.set(subject.id, agent);
  for (const event of record.events) {
    applySubjectEvent(agent, event, context);
    applyAgentEvent(agent, event, context);
  }
}

function applyPartitionEvent(state: PartitionState, event: AuditRecordEvent): void {
  switch (event.type) {
    case 'FleetActivated':
      state.fleetHash = event.hash;
      break;
    case 'HaltApplied':
    case 'HaltLifted':
      state.haltByScope.set(scopeText(event.halt.scope), event.halt);
      break;
    default:
      break;
  }
}

function applyPersonEvent(
  person: PersonState,
  event: AuditRecordEvent,
  context: RecordContext,
): void {
  applySubjectEvent(person, event, context);
}

/** Orders and credentials: what agents and people have in common. */
function applySubjectEvent(
  subject: SubjectState,
  event: AuditRecordEvent,
  context: RecordContext,
): void {
  const { at } = context.record;
  switch (event.type) {
    case 'CredentialIssued': {
      const { credentialId, kind, secretHash, publicKey } = event;
      const view = { credentialId, kind, secretHash, publicKey, issuedAt: at };
      subject.credentialById.set(credentialId, view);
      break;
    }
    case 'CredentialRevoked':
      subject.credentialById.delete(event.credentialId);
      break;
    case 'CommandAccepted':
      answer(subject, { commandId: event.commandId, code: null, message: 'done' }, context);
      break;
    case 'CommandRefused':
      answer(subject, event, context);
      break;
    default:
      break;
  }
}

function answer(
  subject: SubjectState,
  about: Pick<SubjectState['answers'][number], 'commandId' | 'code' | 'message'>,
  { state, record, offset }: RecordContext,
): void {
  const { commandId, code, message } = about;
  const position = { partition: state.partition, offset };
  subject.answers.push({ commandId, code, message, at: record.at, record: position });
  if (subject.answers.length > ANSWERS_MAX) subject.answers.shift();
}
