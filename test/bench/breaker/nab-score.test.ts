import { describe, expect, it } from 'vitest';
import { normalisedScore, PROFILES, probationOf, scoreFile } from './nab-score.ts';

/** 2 / (1 + e^(5x)) - 1 at -1, -0.5 and 0.5, by hand. */
const AT_START = 0.986614;
const AT_MIDDLE = 0.848284;

describe('the NAB score', () => {
  const windows = [[100, 109]] as const;

  it('is 0 without alarms and 100 with one at the first point of each window', () => {
    const none = scoreFile(400, windows, []);
    const perfect = scoreFile(400, windows, [100]);
    for (const profile of Object.values(PROFILES)) {
      expect(normalisedScore([none], 1, profile)).toBe(0);
      expect(normalisedScore([perfect], 1, profile)).toBeCloseTo(100, 9);
    }
  });

  it('counts the first alarm in a window, the earlier the more', () => {
    // Five points before the end of ten: x = -0.5.
    expect(scoreFile(400, windows, [105, 106]).truePositives).toBeCloseTo(AT_MIDDLE / AT_START, 5);
    expect(scoreFile(400, windows, [105]).missed).toBe(0);
  });

  it('charges alarms outside, fewer shortly after a window', () => {
    expect(scoreFile(400, windows, [70]).falsePositives).toBe(-1);
    // Nine points are the window's width less one; 4.5 would be x = 0.5, 18 x = 2.
    expect(scoreFile(400, [[100, 120]], [130]).falsePositives).toBeCloseTo(-AT_MIDDLE, 5);
    expect(scoreFile(400, windows, [300])).toMatchObject({ falsePositives: -1, falseAlarms: 1 });
    // One window missed, one alarm for nothing: (0 - 1 - 0.11 + 1) / 2.
    const file = scoreFile(400, windows, [70]);
    expect(normalisedScore([file], 1, PROFILES.standard)).toBeCloseTo(-5.5, 9);
    expect(normalisedScore([file], 1, PROFILES.lowFp)).toBeCloseTo(-11, 9);
    expect(normalisedScore([file], 1, PROFILES.lowFn)).toBeCloseTo((100 * -0.11) / 3, 9);
  });

  it('does not count alarms of the probation', () => {
    expect(probationOf(400)).toBe(60);
    expect(probationOf(20_000)).toBe(750);
    expect(scoreFile(400, windows, [59])).toMatchObject({ falsePositives: 0, falseAlarms: 0 });
    expect(scoreFile(400, windows, [60]).falseAlarms).toBe(1);
  });
});
