/**
 * A state out of a snapshot: the partition as of one record, and each agent and person as of a record
 * of their own, which may be a later one. Whatever is later is folded on top by `RestoredFold`.
 */
import type { AuditHeading, HeadingEvent } from '@estop/schemas/audit-heading';
import { type AgentId, parseSubject, type SubjectId } from '@estop/schemas/ids';
import type { AuditRecord } from '@estop/schemas/messages';
import type { StoredAgent } from '../agent-table.ts';
import { applyBesidesSubject, applyProgress, applyRecord, applyToAgent } from '../apply-record.ts';
import { breakerDueMs } from '../breaker/breaker.ts';
import { scheduleEndedKills } from '../breaker/ended-kills.ts';
import { forgetOld } from '../forget.ts';
import { scheduleExpiry } from '../schedule.ts';
import { concernsShared } from '../shared/concerns-shared.ts';
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
  scheduleEndedKills(state);
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

/** A record where it stands, read as far as somebody asks. */
export interface FoldedRecord {
  readonly offset: number;
  readonly record: AuditRecord;
  heading(): AuditHeading;
}

/**
 * Folds on a state that was restored: no subject gets a record that it holds already. Where every
 * record is of another agent, reading each of them takes longer than a start may: what only the state
 * of an agent needs waits beside its text until somebody asks for the agent.
 */
export class RestoredFold {
  readonly #state: PartitionState;
  readonly #subjects: ReadonlyMap<SubjectId, Pick<StoredSubject, 'offset'>>;
  readonly #waiting = new Map<AgentId, FoldedRecord[]>();

  constructor(state: PartitionState, subjects: Snapshot['subjects']) {
    this.#state = state;
    this.#subjects = subjects;
  }

  /** `heading` is the record's. */
  apply(folded: FoldedRecord, heading: AuditHeading): void {
    const { subject } = heading;
    const { offset } = folded;
    const isKnown = subject !== null && offset < (this.#subjects.get(subject)?.offset ?? 0);
    const sleeper = isKnown ? undefined : this.#sleeperOf(heading);
    if (!isKnown && sleeper === undefined) return applyRecord(this.#state, folded.record, offset);
    const isAwaited = this.#state.awaitedByKey.size > 0;
    if (isAwaited || concernsShared(heading)) applyBesidesSubject(this.#state, folded.record);
    else applyProgress(this.#state, heading);
    if (sleeper === undefined) return undefined;
    const waiting = this.#waiting.get(sleeper);
    if (waiting === undefined) this.#waiting.set(sleeper, [folded]);
    else waiting.push(folded);
    for (const event of heading.events) this.#schedule(sleeper, event);
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
    const breakerMs = breakerDueMs(agent.breaker);
    if (breakerMs !== Number.POSITIVE_INFINITY) scheduleExpiry(state.schedule, id, breakerMs);
    for (const { untilMs } of agent.holdById.values()) scheduleExpiry(state.schedule, id, untilMs);
    for (const { expiresAt } of agent.pendingById.values()) {
      scheduleExpiry(state.schedule, id, expiresAt);
    }
    return agent;
  }

  /** The agent of a record that needs nothing but that agent, when the agent is not read yet. */
  #sleeperOf({ subject, events }: AuditHeading): AgentId | undefined {
    const parsed = subject === null ? undefined : parseSubject(subject);
    if (parsed?.kind !== 'agent' || !this.#state.agentById.isAsleep(parsed.id)) return undefined;
    const first = events[0]?.type;
    // An answer to an intent that waited for a slice looks its question up in the partition.
    return first === 'IntentProposed' || first === 'OutcomeRecorded' ? parsed.id : undefined;
  }

  /** What runs out that an event has begun. */
  #schedule(id: AgentId, event: HeadingEvent): void {
    const dueMs = dueOf(event);
    if (typeof dueMs === 'number') scheduleExpiry(this.#state.schedule, id, dueMs);
  }
}

function dueOf({ type, holdUntil, expiresAt, until }: HeadingEvent): number | null | undefined {
  switch (type) {
    case 'IntentAllowed':
      return holdUntil;
    case 'ApprovalRequested':
      return expiresAt;
    case 'BreakerChanged':
      return until;
    default:
      return null;
  }
}
