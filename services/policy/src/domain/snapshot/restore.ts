/**
 * A state out of a snapshot: the partition as of one record, and each agent and person as of a record
 * of their own, which may be a later one. Whatever is later is folded on top by `RestoredFold`.
 */
import { type AgentId, parseSubject, type SubjectId } from '@estop/schemas/ids';
import type { AuditRecord } from '@estop/schemas/messages';
import type { StoredAgent } from '../agent-table.ts';
import { applyBesidesSubject, applyRecord, applyToAgent } from '../apply-record.ts';
import { forgetOld } from '../forget.ts';
import { scheduleExpiry } from '../schedule.ts';
import type { AgentState, PartitionState } from '../state.ts';
import { readPartition } from './partition-entry.ts';
import { readAgent, readPerson } from './subject-entry.ts';

/** An agent or a person, with every record below an offset and no other. */
export interface StoredSubject extends StoredAgent {
  readonly offset: number;
  /** When something of it runs out first, ms; null when nothing does. */
  readonly dueMs: number | null;
}

export interface Snapshot {
  /** The partition, with every record below this offset and no other. */
  readonly offset: number;
  readonly partitionText: string;
  readonly subjects: ReadonlyMap<SubjectId, StoredSubject>;
}

/** Fills in a state that is new. Agents are read when they are first asked for. */
export function restore(
  state: PartitionState,
  { partitionText, subjects }: Snapshot,
): RestoredFold {
  readPartition(state, partitionText);
  const fold = new RestoredFold(state, subjects);
  const storedById = new Map<AgentId, StoredAgent>();
  for (const [subjectId, stored] of subjects) {
    const subject = parseSubject(subjectId);
    if (subject === undefined || subject.kind === 'limit') {
      throw new RangeError(`${subjectId} is no agent and no person`);
    }
    if (subject.kind === 'person') {
      state.personById.set(subject.id, readPerson(stored.text()));
      continue;
    }
    storedById.set(subject.id, stored);
    if (stored.dueMs !== null) scheduleExpiry(state.schedule, subject.id, stored.dueMs);
  }
  state.agentById.store(storedById, (id, stored) => fold.wake(id, stored));
  return fold;
}

interface PlacedRecord {
  readonly record: AuditRecord;
  readonly offset: number;
}

/**
 * Folds on a state that was restored: no subject gets a record that it holds already. Where every
 * record is of another agent, reading each of them takes longer than a start may: what the state of
 * an agent is not needed for waits beside its text until somebody asks for the agent.
 */
export class RestoredFold {
  readonly #state: PartitionState;
  readonly #subjects: ReadonlyMap<SubjectId, Pick<StoredSubject, 'offset'>>;
  readonly #waiting = new Map<AgentId, PlacedRecord[]>();

  constructor(state: PartitionState, subjects: Snapshot['subjects']) {
    this.#state = state;
    this.#subjects = subjects;
  }

  apply(record: AuditRecord, offset: number): void {
    const { subject } = record;
    const isKnown = subject !== null && offset < (this.#subjects.get(subject)?.offset ?? 0);
    if (isKnown) return applyBesidesSubject(this.#state, record);
    const sleeper = this.#sleeperOf(record);
    if (sleeper === undefined) return applyRecord(this.#state, record, offset);
    applyBesidesSubject(this.#state, record);
    const waiting = this.#waiting.get(sleeper);
    if (waiting === undefined) this.#waiting.set(sleeper, [{ record, offset }]);
    else waiting.push({ record, offset });
    for (const dueMs of dueIn(record)) scheduleExpiry(this.#state.schedule, sleeper, dueMs);
  }

  wake(id: AgentId, stored: StoredAgent): AgentState {
    const state = this.#state;
    const agent = readAgent(id, stored.text(), state.decisionKinds);
    for (const { record, offset } of this.#waiting.get(id) ?? []) {
      // Nobody made it forget while it was a text; hours that went by without it take no more.
      forgetOld(agent, record.at);
      applyToAgent(agent, { state, record, offset });
    }
    this.#waiting.delete(id);
    forgetOld(agent, state.atMs);
    for (const { untilMs } of agent.holdById.values()) scheduleExpiry(state.schedule, id, untilMs);
    for (const { expiresAt } of agent.pendingById.values()) {
      scheduleExpiry(state.schedule, id, expiresAt);
    }
    return agent;
  }

  /** The agent of a record that needs nothing but that agent, when the agent is not read yet. */
  #sleeperOf({ subject, events }: AuditRecord): AgentId | undefined {
    const parsed = subject === null ? undefined : parseSubject(subject);
    if (parsed?.kind !== 'agent' || !this.#state.agentById.isAsleep(parsed.id)) return undefined;
    const first = events[0]?.type;
    // An answer to an intent that waited for a slice looks its question up in the partition.
    return first === 'IntentProposed' || first === 'OutcomeRecorded' ? parsed.id : undefined;
  }
}

/** When something runs out that a record has begun, ms. */
function dueIn({ events }: AuditRecord): readonly number[] {
  return events.flatMap((event) => {
    if (event.type === 'IntentAllowed') return [event.holdUntil];
    return event.type === 'ApprovalRequested' ? [event.expiresAt] : [];
  });
}
