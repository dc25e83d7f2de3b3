/** Snapshots as the policy service keeps them: texts of a state, and where it stands in the log. */
import { type ChainHead, GENESIS, headAfter } from '@estop/log/chain';
import { partitionText } from '@estop/policy/domain/snapshot/partition-entry';
import type { StoredSubject } from '@estop/policy/domain/snapshot/restore';
import { agentText, firstDueMs, personText } from '@estop/policy/domain/snapshot/subject-entry';
import type { PartitionState } from '@estop/policy/domain/state';
import { agentSubject, personSubject, type SubjectId } from '@estop/schemas/ids';
import { type AuditEntry, at } from '../log/sim-log.ts';

export interface SimSnapshot {
  readonly offset: number;
  readonly head: ChainHead;
  readonly partitionText: string;
  readonly subjects: ReadonlyMap<SubjectId, StoredSubject>;
}

export function takeSnapshot(
  state: PartitionState,
  position: Pick<SimSnapshot, 'offset' | 'head'>,
): SimSnapshot {
  const { offset } = position;
  const subjects = new Map<SubjectId, StoredSubject>();
  for (const agent of state.agentById.values()) {
    const text = agentText(agent);
    const stored = { offset, dueMs: firstDueMs(agent), text: () => text };
    subjects.set(agentSubject(agent.id), stored);
  }
  for (const [id, person] of state.personById) {
    const text = personText(person);
    subjects.set(personSubject(id), { offset, dueMs: null, text: () => text });
  }
  return { ...position, partitionText: partitionText(state), subjects };
}

/** How many void records may stand between a head and the end that was read. */
const VOID_MAX = 500;

/** One that the log does not agree with is thrown away. */
export function agreeing(
  snapshot: SimSnapshot | undefined,
  entries: readonly AuditEntry[],
): SimSnapshot | undefined {
  if (snapshot === undefined || snapshot.offset > entries.length) return undefined;
  const { head, offset } = snapshot;
  for (let before = offset - 1; before >= Math.max(0, offset - VOID_MAX); before -= 1) {
    if (headAfter(GENESIS, at(entries, before).value).hash.equals(head.hash)) return snapshot;
  }
  return undefined;
}
