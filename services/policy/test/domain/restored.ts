/** States restored from snapshots that a test takes of a history. */
import { applyRecord } from '@estop/policy/domain/apply-record';
import { partitionText } from '@estop/policy/domain/snapshot/partition-entry';
import { restore, type StoredSubject } from '@estop/policy/domain/snapshot/restore';
import { agentText, firstDueMs, personText } from '@estop/policy/domain/snapshot/subject-entry';
import { initialState, type PartitionState } from '@estop/policy/domain/state';
import { personSubject, type SubjectId } from '@estop/schemas/ids';
import type { AuditRecord } from '@estop/schemas/messages';

export function folded(records: readonly AuditRecord[], partition = 0): PartitionState {
  const state = initialState(partition);
  for (const [offset, record] of records.entries()) applyRecord(state, record, offset);
  return state;
}

/** The subjects of a state as a snapshot writes them when it holds the records below an offset. */
function storedSubjects(state: PartitionState, offset: number): Map<SubjectId, StoredSubject> {
  const stored = new Map<SubjectId, StoredSubject>();
  for (const agent of state.agentById.values()) {
    const text = agentText(agent);
    const subject = agent.id as string as SubjectId;
    stored.set(subject, { offset, dueMs: firstDueMs(agent), text: () => text });
  }
  for (const [id, person] of state.personById) {
    const text = personText(person);
    stored.set(personSubject(id), { offset, dueMs: null, text: () => text });
  }
  return stored;
}

/** Maps as lists, so that their order counts too: some say what is oldest. */
export function inOrder(state: PartitionState): string {
  const agents = [...state.agentById].sort(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify(agents, (_, value) => (value instanceof Map ? [...value] : value));
}

export interface RestorePlan {
  readonly cut: number;
  readonly newer: readonly number[];
  readonly partition?: number;
}

/** Restored as of `cut`, with the subjects as of the later cuts that `newer` gives them. */
export function restoredFrom(
  records: readonly AuditRecord[],
  { cut, newer, partition = 0 }: RestorePlan,
): PartitionState {
  const base = folded(records.slice(0, cut), partition);
  const subjects = storedSubjects(base, cut);
  for (const [index, later] of newer.entries()) {
    const offset = Math.max(cut, later);
    const all = [...storedSubjects(folded(records.slice(0, offset), partition), offset)];
    const chosen = all[index % Math.max(1, all.length)];
    if (chosen !== undefined) subjects.set(...chosen);
  }
  const state = initialState(partition);
  const fold = restore(state, { offset: cut, partitionText: partitionText(base), subjects });
  for (let offset = cut; offset < records.length; offset += 1) {
    const record = records[offset];
    if (record !== undefined) fold.apply({ offset, record, heading: () => record }, record);
  }
  return state;
}
