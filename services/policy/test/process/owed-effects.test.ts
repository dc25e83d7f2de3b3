import type { FoldedRecord } from '@estop/policy/domain/snapshot/restore';
import type { SubjectId } from '@estop/schemas/ids';
import type { AuditRecord } from '@estop/schemas/messages';
import { describe, expect, it } from 'vitest';
import { OwedEffects } from '../../src/process/owed-effects.ts';

function recordAt(offset: number, subject: string | null): FoldedRecord {
  const cause = { topic: 'intents.v1', partition: 0, offset };
  const record = { cause, at: offset, subject, events: [] } as unknown as AuditRecord;
  return { offset, record, heading: () => record };
}

const offsetsOf = (records: readonly AuditRecord[]) => records.map(({ cause }) => cause.offset);

describe('effects of records from before a takeover', () => {
  it('are none when nothing is recent', () => {
    expect(new OwedEffects().isEmpty).toBe(true);
    expect(new OwedEffects([]).take(10)).toEqual({ records: [], views: [] });
  });

  it('leave oldest first and so many at a time, until none is left', () => {
    const owed = new OwedEffects([0, 1, 2, 3, 4].map((offset) => recordAt(offset, `a-${offset}`)));
    expect(offsetsOf(owed.take(2).records)).toEqual([0, 1]);
    expect(offsetsOf(owed.take(2).records)).toEqual([2, 3]);
    expect(owed.isEmpty).toBe(false);
    expect(offsetsOf(owed.take(2).records)).toEqual([4]);
    expect(owed.isEmpty).toBe(true);
  });

  it('hold one view of each subject, as of its newest record', () => {
    const owed = new OwedEffects([recordAt(3, 'one'), recordAt(4, null), recordAt(5, 'one')]);
    expect(owed.take(10).views).toEqual([['one', 5]]);
  });

  it('leave the view of a subject to the newer record about it', () => {
    const owed = new OwedEffects([recordAt(3, 'one'), recordAt(4, 'other')]);
    owed.changed('one' as SubjectId);
    const { records, views } = owed.take(10);
    expect(views).toEqual([['other', 4]]);
    expect(offsetsOf(records)).toEqual([3, 4]);
  });
});
