/**
 * A state out of a snapshot: the partition as of one record, and each agent and person as of a record
 * of their own, which may be a later one. Whatever is later is folded on top by `RestoredFold`.
 */
import { type AgentId, parseSubject, type SubjectId } from '@estop/schemas/ids';
import type { AuditRecord } from '@estop/schemas/messages';
import type { StoredAgent } from '../agent-table.ts';
import { applyBesidesSubject, applyRecord } from '../apply-record.ts';
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
export function restore(state: PartitionState, { partitionText, subjects }: Snapshot): void {
  readPartition(state, partitionText);
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
  state.agentById.store(storedById, (id, stored) => wake(state, id, stored));
}

function wake(state: PartitionState, id: AgentId, stored: StoredAgent): AgentState {
  const agent = readAgent(id, stored.text(), state.decisionKinds);
  // Nobody made it forget while it was a text.
  forgetOld(agent, state.atMs);
  for (const { untilMs } of agent.holdById.values()) scheduleExpiry(state.schedule, id, untilMs);
  for (const { expiresAt } of agent.pendingById.values()) {
    scheduleExpiry(state.schedule, id, expiresAt);
  }
  return agent;
}

/** Folds on a state that was restored: no subject gets a record that it holds already. */
export class RestoredFold {
  readonly #state: PartitionState;
  readonly #subjects: ReadonlyMap<SubjectId, Pick<StoredSubject, 'offset'>>;

  constructor(state: PartitionState, subjects: Snapshot['subjects']) {
    this.#state = state;
    this.#subjects = subjects;
  }

  apply(record: AuditRecord, offset: number): void {
    const { subject } = record;
    const isKnown = subject !== null && offset < (this.#subjects.get(subject)?.offset ?? 0);
    if (isKnown) applyBesidesSubject(this.#state, record);
    else applyRecord(this.#state, record, offset);
  }
}
