/** What a writer folds before it says that it is the writer now, as the policy service does. */
import { type ChainHead, GENESIS, headAfter, passesThrough } from '@estop/log/chain';
import {
  type FoldedRecord,
  type RestoredFold,
  restore,
} from '@estop/policy/domain/snapshot/restore';
import type { PartitionState } from '@estop/policy/domain/state';
import { AUDIT_HEADING, type AuditHeading } from '@estop/schemas/audit-heading';
import type { AuditRecord } from '@estop/schemas/messages';
import { type AuditEntry, at } from '../log/sim-log.ts';
import { AUDIT_CODEC } from './audit-codec.ts';
import type { Machinery } from './machinery.ts';
import { agreeing, type SimSnapshot } from './sim-snapshot.ts';

/** As many as a takeover of the policy service releases again. */
const RECENT_RECORDS = 2_000;

export interface Takeover {
  readonly entries: readonly AuditEntry[];
  readonly machinery: Machinery;
  readonly snapshot: SimSnapshot | undefined;
  /** What the process has seen proven of this partition. */
  readonly proven: ChainHead | undefined;
  /** Its effects may not be out. */
  readonly onRecent: (record: AuditRecord) => void;
}

/** Fills in a state that is new; the head of the chain, or why nobody may go on from it. */
export function foldLog(state: PartitionState, takeover: Takeover): ChainHead | 'log-truncated' {
  const { entries, machinery, proven } = takeover;
  const snapshot = agreeing(takeover.snapshot, entries);
  const restored = snapshot === undefined ? undefined : restore(state, snapshot);
  const fold = foldOf(state, machinery, restored);
  let head = snapshot?.head ?? GENESIS;
  for (let offset = snapshot?.offset ?? 0; offset < entries.length; offset += 1) {
    const { value } = at(entries, offset);
    if (!machinery.extendsChain(head, value)) continue;
    head = headAfter(head, value);
    if (proven !== undefined && !passesThrough(head, proven)) return 'log-truncated';
    const folded = foldedOf(value, offset);
    fold(folded);
    if (offset >= entries.length - RECENT_RECORDS) takeover.onRecent(folded.record);
  }
  return proven !== undefined && head.seq < proven.seq ? 'log-truncated' : head;
}

function foldOf(
  state: PartitionState,
  { applyRecord, foldsAfterSnapshot }: Machinery,
  restored: RestoredFold | undefined,
): (folded: FoldedRecord) => void {
  if (restored === undefined) return ({ record, offset }) => applyRecord(state, record, offset);
  if (!foldsAfterSnapshot) return () => undefined;
  return (folded) => restored.apply(folded, folded.heading());
}

function foldedOf(value: Buffer, offset: number): FoldedRecord {
  const heading = () => AUDIT_CODEC.reader<AuditHeading>(AUDIT_HEADING)(value);
  return { offset, heading, record: AUDIT_CODEC.decode(value) };
}
