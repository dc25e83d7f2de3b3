/**
 * Folding the log: one valid audit record changes the state. Events carry every number, so that a
 * fold needs no fleet, no clock and no rule engine, and rebuilds exactly what the decider had.
 */

import type { AuditHeading } from '@estop/schemas/audit-heading';
import { scopeText } from '@estop/schemas/halts';
import { parseSubject, type Subject } from '@estop/schemas/ids';
import type { AuditRecord, AuditRecordEvent } from '@estop/schemas/messages';
import { applyAgentEvent } from './apply-agent-event.ts';
import { noteEndedKill } from './breaker/ended-kills.ts';
import { forgetOld, forgettingMsOf } from './forget.ts';
import { ANSWERS_MAX } from './limits.ts';
import type { RecordContext } from './record-context.ts';
import { applySlices } from './shared/apply-slices.ts';
import {
  type AgentState,
  initialAgent,
  initialSubject,
  type PartitionState,
  type SubjectState,
} from './state.ts';

/** Applies one valid record, in place. */
export function applyRecord(state: PartitionState, record: AuditRecord, offset: number): void {
  applyToPartition(state, record);
  if (record.subject !== null) applyToSubject(state, record, offset);
  // After its subject, which may have to look up what waited for a slice.
  applySlices(state, record);
}

/** All that a record does but to its subject, which knows of it already. */
export function applyBesidesSubject(state: PartitionState, record: AuditRecord): void {
  applyToPartition(state, record);
  applySlices(state, record);
}

/** What every record does, whatever it says: the partition has come so far. */
export function applyProgress(
  state: PartitionState,
  { at, cause }: Pick<AuditHeading, 'at' | 'cause'>,
): void {
  const previousMs = state.atMs;
  state.atMs = at;
  if (forgettingMsOf(at) !== forgettingMsOf(previousMs)) {
    for (const agent of state.agentById.awake()) forgetOld(agent, at);
  }
  if (cause.offset >= 0) state.nextOffsetByTopic.set(cause.topic, cause.offset + 1);
}

function applyToPartition(state: PartitionState, record: AuditRecord): void {
  applyProgress(state, record);
  if (record.subject !== null) return;
  for (const event of record.events) applyPartitionEvent(state, event, record);
}

function applyToSubject(state: PartitionState, record: AuditRecord, offset: number): void {
  const subject = record.subject === null ? undefined : parseSubject(record.subject);
  if (subject === undefined) return;
  const context: RecordContext = { state, record, offset };
  if (subject.kind !== 'agent') {
    const ordered = orderedSubject(state, subject);
    for (const event of record.events) applySubjectEvent(ordered, event, context);
    return;
  }
  const agent = state.agentById.get(subject.id) ?? initialAgent(subject.id, record.seq);
  state.agentById.set(subject.id, agent);
  applyToAgent(agent, context);
}

/** What a record does to its agent. */
export function applyToAgent(agent: AgentState, context: RecordContext): void {
  for (const event of context.record.events) {
    applySubjectEvent(agent, event, context);
    applyAgentEvent(agent, event, context);
  }
}

function applyPartitionEvent(
  state: PartitionState,
  event: AuditRecordEvent,
  record: AuditRecord,
): void {
  switch (event.type) {
    case 'FleetActivated':
      state.fleetHash = event.hash;
      break;
    case 'HaltApplied':
    case 'HaltLifted':
      noteEndedKill(state, event.halt, record);
      state.haltByScope.set(scopeText(event.halt.scope), event.halt);
      break;
    default:
      break;
  }
}

function orderedSubject(
  { personById, limitById }: PartitionState,
  subject: Exclude<Subject, { readonly kind: 'agent' }>,
): SubjectState {
  const known = subject.kind === 'person' ? personById.get(subject.id) : limitById.get(subject.id);
  if (known !== undefined) return known;
  const made = initialSubject();
  if (subject.kind === 'person') personById.set(subject.id, made);
  else limitById.set(subject.id, made);
  return made;
}

/** Orders and credentials: what agents, people and shared limits have in common. */
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
