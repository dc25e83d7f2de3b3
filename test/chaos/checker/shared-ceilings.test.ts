/** Ceilings that partitions share: each rule of the checker is shown a history that breaks it. */
import type { AuditRecordEvent } from '@estop/schemas/messages';
import { describe, expect, it } from 'vitest';
import { findings } from './findings.ts';
import { allowed, proposed, WrittenHistory } from './written-history.ts';

describe('a doctored history of a ceiling that partitions share', () => {
  it('is accepted as it was written', () => {
    expect(findings(sharedWell().history())).toEqual([]);
  });

  it('whose home grants more than there is is caught', () => {
    const written = sharedWell();
    written.audit([granted(2, 3)]);
    expect(findings(written.history())).toEqual(['ceiling-granted-twice audit.v1/0@5']);
  });

  it('in which a slice arrives twice is caught', () => {
    const written = sharedWell();
    written.audit([received(1, 4)]);
    expect(findings(written.history())).toEqual(['slice-twice audit.v1/0@5']);
  });

  it('in which a slice arrives that nobody granted, or a larger one, is caught', () => {
    const written = sharedWell();
    written.audit([received(2, 1)]);
    written.audit([granted(3, 0)]);
    written.audit([received(3, 1)]);
    expect(findings(written.history())).toEqual([
      'slice-unknown audit.v1/0@5',
      'slice-unknown audit.v1/0@7',
    ]);
  });

  it('in which a partition uses more than it was granted is caught', () => {
    const written = sharedWell();
    for (const id of ['s-2', 's-3', 's-4', 's-5']) written.audit(usedOnce(id));
    expect(findings(written.history())).toContain('slice-exceeded audit.v1/0@8');
  });

  it('in which an ask gives back another amount than was sent, or counts twice, is caught', () => {
    const written = sharedWell();
    written.audit([requested(2, 1)]);
    written.audit([asked(2, 2)]);
    written.audit([asked(2, 1)]);
    expect(findings(written.history())).toEqual([
      'slice-ask-unknown audit.v1/0@6',
      'slice-twice audit.v1/0@7',
    ]);
  });
});

const LIMIT = { kind: 'budget', limitId: 'together', windowStart: 0, partition: 0 } as const;

/** Partition 0 is home and holder: asks, is granted 4 of 5, and uses one. */
function sharedWell(): WrittenHistory {
  const written = new WrittenHistory();
  written.sharedCeiling = 5;
  written.audit([requested(1, 0)]);
  written.audit([asked(1, 0)]);
  written.audit([granted(1, 4)]);
  written.audit([received(1, 4)]);
  written.allowWith('s-1', usedOnce('s-1'));
  return written;
}

function requested(sequence: number, returned: number): AuditRecordEvent {
  return { type: 'SliceRequested', ask: askOf(sequence, returned) } as AuditRecordEvent;
}

function asked(sequence: number, returned: number): AuditRecordEvent {
  return { type: 'SliceAsked', ask: askOf(sequence, returned) } as AuditRecordEvent;
}

function askOf(sequence: number, returned: number): object {
  const wish = { need: 1, least: 1, uses: [], answersRecall: false, windowMs: 0 };
  return { ...LIMIT, sequence, returned, ...wish };
}

function granted(sequence: number, amount: number): AuditRecordEvent {
  const answer = { ...LIMIT, sequence, amount, free: 0, dryUntil: null };
  return { type: 'SliceGranted', answer } as unknown as AuditRecordEvent;
}

function received(sequence: number, amount: number): AuditRecordEvent {
  const answer = { ...LIMIT, sequence, amount, free: 0, dryUntil: null };
  return { type: 'SliceReceived', answer } as unknown as AuditRecordEvent;
}

function usedOnce(intentId: string): readonly AuditRecordEvent[] {
  const use = { windowStart: 0, amount: 1 };
  const held = [
    { ...use, budgetId: 'calls', shared: false },
    { ...use, budgetId: 'together', shared: true },
  ];
  return [proposed(intentId), { ...allowed(intentId), held } as unknown as AuditRecordEvent];
}
