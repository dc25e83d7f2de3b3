import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { observePoint } from '../../src/domain/series/observe-point.ts';
import { emptySeries, SERIES_STATE_BYTES } from '../../src/domain/series/series-state.ts';
import { START_MS } from './rig.ts';

const HOUR_MS = 3_600_000;
const FIVE_MINUTES_MS = 300_000;
const DAYS_MS = 24 * HOUR_MS;

/** Points at which there is an alarm. */
function alarmsOf(values: readonly number[], stepMs: number): readonly number[] {
  const state = emptySeries();
  return values.flatMap((value, n) =>
    observePoint(state, { at: START_MS + n * stepMs, value }).isAlarm ? [n] : [],
  );
}

/** A level with a ripple of 21 points, and what is put in its place. */
function rippling(
  points: number,
  changes: Readonly<Record<number, number>> = {},
): readonly number[] {
  return Array.from({ length: points }, (_, n) => changes[n] ?? 90 + ((n * 8) % 21));
}

describe('a series of numbers', () => {
  it('raises an alarm where a point leaves every range it was ever in', () => {
    const points = (5 * DAYS_MS) / FIVE_MINUTES_MS;
    expect(alarmsOf(rippling(points, { 1200: 160 }), FIVE_MINUTES_MS)).toEqual([1_200]);
    expect(alarmsOf(rippling(points, { 1200: 40 }), FIVE_MINUTES_MS)).toEqual([1_200]);
  });

  it('is not alarmed by what it has seen before', () => {
    const again = rippling(1_440, { 200: 160, 1200: 160 });
    expect(alarmsOf(again, FIVE_MINUTES_MS)).toEqual([]);
  });

  it('raises no alarm for novelty while it learns its range, for two days', () => {
    const days = (count: number) => (count * DAYS_MS) / FIVE_MINUTES_MS;
    const alarms = alarmsOf(rippling(days(5), { [days(2) - 5]: 500 }), FIVE_MINUTES_MS);
    expect(alarms.filter((at) => at <= days(2))).toEqual([]);
  });

  it('of a minute or an hour raises an alarm far from its level, again and again', () => {
    const spikes = { 60: 300, 100: 300, 140: 300 };
    expect(alarmsOf(rippling(200, spikes), HOUR_MS)).toEqual([60, 100, 140]);
    expect(alarmsOf(rippling(200, spikes), FIVE_MINUTES_MS)).toEqual([]);
  });

  it('tells of one departure once, unless it grows', () => {
    const fading = { 60: 300, 61: 250, 62: 200 };
    expect(alarmsOf(rippling(120, fading), HOUR_MS)).toEqual([60]);
    expect(alarmsOf(rippling(120, { 60: 300, 61: 900 }), HOUR_MS)).toEqual([60, 61]);
  });

  it('raises no alarm for a day that is like the days before', () => {
    const points = (14 * DAYS_MS) / FIVE_MINUTES_MS;
    const daily = rippling(points).map(
      (value, n) => value + 200 * Math.sin((2 * Math.PI * n * FIVE_MINUTES_MS) / DAYS_MS),
    );
    expect(alarmsOf(daily, FIVE_MINUTES_MS)).toEqual([]);
  });

  it('learns nothing from what is no number', () => {
    const state = emptySeries();
    observePoint(state, { at: START_MS, value: 5 });
    const before = [...state];
    const judged = observePoint(state, { at: START_MS + HOUR_MS, value: Number.NaN });
    expect(judged).toEqual({ score: 0, isAlarm: false, expected: null });
    expect([...state]).toEqual(before);
  });

  it('looks at nothing that comes later, and keeps little', () => {
    const series = fc.array(fc.integer({ min: -1_000, max: 1_000 }), {
      minLength: 40,
      maxLength: 400,
    });
    fc.assert(
      fc.property(series, fc.nat(), (values, cut) => {
        const length = cut % values.length;
        const whole = alarmsOf(values, HOUR_MS).filter((at) => at < length);
        expect(alarmsOf(values.slice(0, length), HOUR_MS)).toEqual(whole);
      }),
    );
    expect(SERIES_STATE_BYTES).toBeLessThanOrEqual(4_096);
  });
});
