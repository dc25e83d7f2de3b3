import { describe, expect, it } from 'vitest';
import { type FaultRecord, renderReport, reportKinds } from './report.ts';

function fault(noticedMs: number | null, recoveredMs: number | null): FaultRecord {
  return {
    ...{
      kind: 'kill',
      on: 'policy-1',
      sign: 'takeover',
      beganMs: 0,
      injectedMs: 1_000,
      healedMs: 2_000,
    },
    ...{ noticedMs, recoveredMs },
  } as FaultRecord;
}

describe('the report', () => {
  it('has the median and the worst of the times since the fault', () => {
    const faults = [fault(1_100, 2_000), fault(1_300, 5_000), fault(1_900, 3_000)];
    expect(reportKinds(faults)).toEqual([
      {
        kind: 'kill',
        faults: 3,
        detectionMs: { p50: 300, worst: 900 },
        takeoverMs: { p50: 2_000, worst: 4_000 },
      },
    ]);
  });

  it('leaves out times that there are not', () => {
    const [kind] = reportKinds([fault(null, null), fault(null, 1_500)]);
    expect(kind).toMatchObject({ detectionMs: null, takeoverMs: { p50: 500, worst: 500 } });
  });

  it('is a table with what the checker counted below it', () => {
    const counts = { validRecords: 9, voidRecords: 1, finalDecisions: 6, acknowledged: 5 };
    const judgement = { ...counts, deadLetters: 2, violations: [] };
    const text = renderReport([fault(1_100, 2_500)], judgement, { seed: 4, seconds: 30 });
    expect(text).toContain('| kill | 1 | 0.1 s | 0.1 s | 1.5 s | 1.5 s |');
    expect(text).toContain('1 faults in 30 s, seed 4: 9 audit records,');
    expect(text).toContain('0 violations.');
  });
});
