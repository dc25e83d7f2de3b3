/** What the detectors promise, each by its example. Planted faults break at least one of them. */
import { expect } from 'vitest';
import {
  DAY,
  type Detectors,
  MINUTE_MS,
  OK,
  quietly,
  START_MS,
  sampleOf,
  sequence,
  watch,
} from './rig.ts';

export type Behaviour = (detectors: Detectors) => void;

const HOUR = 60;

export const BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
  'a quiet agent is left alone': (detectors) => {
    const one = watch(detectors);
    quietly(one, 0, 3 * DAY);
    expect(one.findings).toEqual([]);
  },

  'ten times the usual calls are told within the minute, with what was expected': (detectors) => {
    const one = watch(detectors);
    quietly(one, 0, 2 * DAY);
    one.minute(2 * DAY, 40);
    const [found] = one.findings;
    expect(found).toMatchObject({ signal: 'volume', kind: 'statistical', rule: 'window-tail' });
    expect(found?.at).toBeLessThan(START_MS + (2 * DAY + 1) * MINUTE_MS);
    expect(found?.expected.high).toBeGreaterThan(9);
    expect(found?.expected.high).toBeLessThan(found?.observed ?? 0);
    expect(found?.calls).toHaveLength(5);
    expect(found?.sentence).toMatch(/^\d+ calls .*within a minute, where up to \d+ are usual/);
  },

  'a minute is told of once': (detectors) => {
    const one = watch(detectors);
    quietly(one, 0, 2 * DAY);
    one.minute(2 * DAY, 200);
    const told = one.findings.filter(({ signal, tier }) => signal === 'volume' && tier === null);
    expect(told).toHaveLength(1);
  },

  'nine calls in a minute are too few to harm, however unusual': (detectors) => {
    const one = watch(detectors);
    for (let minute = 0; minute < 3 * DAY; minute += 1)
      one.minute(minute, minute % HOUR === 7 ? 1 : 0);
    one.minute(3 * DAY + 30, 9);
    expect(one.findings).toEqual([]);
    one.minute(3 * DAY + 31, 40);
    expect(one.findings.length).toBeGreaterThan(0);
  },

  'a sliding minute holds sixty seconds, no more and no less': (detectors) => {
    const thresholds = [{ measure: 'calls', limit: 10, windowMs: 60_000, callsMin: 1 }] as const;
    const full = (lastMs: number) => {
      const one = watch(detectors, { thresholds });
      for (let n = 0; n < 10; n += 1) one.see(sampleOf(START_MS + n));
      one.see(sampleOf(START_MS + lastMs));
      return one.findings.filter(({ rule }) => rule === 'threshold');
    };
    expect(full(60_000)).toEqual([]);
    expect(full(59_999)).toMatchObject([{ kind: 'deterministic', observed: 11, evidence: null }]);
  },

  'nothing is learned while the breaker is open': (detectors) => {
    const one = watch(detectors);
    const other = watch(detectors);
    quietly(one, 0, DAY);
    quietly(other, 0, DAY);
    detectors.setFrozen(one.state, true);
    for (let minute = DAY; minute < DAY + 3 * HOUR; minute += 1) one.minute(minute, 15);
    detectors.setFrozen(one.state, false);
    one.findings.length = 0;
    for (const watched of [one, other]) watched.minute(DAY + 4 * HOUR, 30);
    const highOf = ({ findings }: typeof one) => findings[0]?.expected.high ?? Number.NaN;
    expect(Math.abs(highOf(one) - highOf(other))).toBeLessThanOrEqual(2);
  },

  'an incident cannot teach itself to the baseline': (detectors) => {
    const one = watch(detectors);
    quietly(one, 0, 3 * DAY);
    for (let minute = 3 * DAY; minute < 3 * DAY + HOUR; minute += 1) one.minute(minute, 300);
    one.findings.length = 0;
    one.minute(3 * DAY + HOUR, 80);
    expect(one.findings.length).toBeGreaterThan(0);
  },

  'agents whose minutes vary widely are not taken for anomalies': (detectors) => {
    const one = watch(detectors);
    const below = sequence(7);
    for (let minute = 0; minute < 5 * DAY; minute += 1) {
      // One minute of six is busy: on the average 5, with a variance of about twelve means.
      one.minute(minute, below(6) === 0 ? 10 + below(25) : below(3));
    }
    expect(one.findings.filter(({ at }) => at > START_MS + DAY * MINUTE_MS)).toEqual([]);
  },

  'bursts of a known size are left alone, and far larger ones are told': (detectors) => {
    const one = watch(detectors);
    const below = sequence(11);
    for (let minute = 0; minute < 4 * DAY; minute += 1) {
      one.minute(minute, below(12) === 0 ? 25 + below(6) : 0);
    }
    expect(one.findings).toEqual([]);
    one.minute(4 * DAY, 80);
    expect(one.findings.map(({ rule }) => rule)).toContain('window-tail');
  },

  'a busy hour of every day is no anomaly': (detectors) => {
    const one = watch(detectors);
    const below = sequence(5);
    for (let minute = 0; minute < 6 * DAY; minute += 1) {
      const hour = Math.floor(minute / HOUR) % 24;
      one.minute(minute, hour === 9 ? 40 + below(20) : 1 + below(3));
    }
    expect(one.findings.filter(({ at }) => at > START_MS + 4 * DAY * MINUTE_MS)).toEqual([]);
    one.minute(6 * DAY + 3 * HOUR, 50);
    expect(one.findings.at(-1)).toMatchObject({ signal: 'volume', rule: 'window-tail' });
  },

  'a batch at every full hour is no anomaly': (detectors) => {
    const one = watch(detectors);
    const below = sequence(3);
    for (let minute = 0; minute < 5 * DAY; minute += 1) {
      one.minute(minute, minute % HOUR === 0 ? 60 + below(20) : 2 + below(4));
    }
    expect(one.findings.filter(({ at }) => at > START_MS + 2 * DAY * MINUTE_MS)).toEqual([]);
    one.minute(5 * DAY + 17, 70);
    expect(one.findings.at(-1)).toMatchObject({ signal: 'volume', rule: 'window-tail' });
  },

  'three times the usual calls are told within fifteen minutes': (detectors) => {
    const one = watch(detectors);
    const below = sequence(9);
    const calls = () => 6 + below(9);
    for (let minute = 0; minute < 4 * DAY; minute += 1) one.minute(minute, calls());
    expect(one.findings).toEqual([]);
    for (let n = 0; n < 15; n += 1) one.minute(4 * DAY + n, 3 * calls());
    expect(one.findings.some(({ rule }) => rule === 'drift')).toBe(true);
  },

  'growth of five percent a day is told before it has doubled twice': (detectors) => {
    const one = watch(detectors);
    const below = sequence(4);
    let day = 0;
    const grown = () => one.findings.some(({ rule }) => rule === 'growth');
    for (let mean = 3; day < 29 && !grown(); day += 1, mean *= 1.05) {
      for (let n = 0; n < DAY; n += 1) {
        one.minute(day * DAY + n, Math.floor(mean / 2 + below(Math.ceil(mean))));
      }
    }
    expect(grown()).toBe(true);
    expect(day).toBeGreaterThan(7);
    expect(day).toBeLessThan(25);
  },

  'late calls are counted and change no window': (detectors) => {
    const one = watch(detectors);
    quietly(one, 0, HOUR);
    const before = detectors.encodeState(one.state);
    for (let n = 0; n < 50; n += 1) one.see(sampleOf(START_MS + 30 * MINUTE_MS + n));
    const after = detectors.encodeState(one.state);
    const changed = [...after].filter((byte, at) => byte !== before[at]).length;
    expect(one.findings).toEqual([]);
    expect(changed).toBeGreaterThan(0);
    expect(changed).toBeLessThanOrEqual(8);
  },

  'errors say nothing before twenty calls': (detectors) => {
    const failing = { outcome: { ...OK, status: 'error', resultDigest: null } } as const;
    const one = watch(detectors, { loops: { ...detectors.defaults.loops, errors: 1_000 } });
    quietly(one, 0, DAY);
    const quiet = watch(detectors, { loops: { ...detectors.defaults.loops, errors: 1_000 } });
    quietly(quiet, 0, 20);
    const laterMs = START_MS + 90 * MINUTE_MS;
    quiet.tick(laterMs);
    for (let n = 0; n < 15; n += 1) quiet.see(sampleOf(laterMs + n * 4_000, failing));
    expect(quiet.findings).toEqual([]);
    for (let n = 0; n < 10; n += 1) one.minute(DAY + n, 4, failing);
    const [found] = one.findings;
    expect(found).toMatchObject({ signal: 'error-rate', kind: 'statistical', tier: null });
  },

  'denials above the usual share are told': (detectors) => {
    const one = watch(detectors);
    quietly(one, 0, DAY);
    for (let n = 0; n < 10; n += 1) one.minute(DAY + n, 4, { decision: 'deny', outcome: null });
    expect(one.findings.some(({ signal }) => signal === 'deny-rate')).toBe(true);
  },

  'a shift of money is told where the number of calls is not unusual': (detectors) => {
    const one = watch(detectors);
    const paid = (microUsd: number) => ({ outcome: { ...OK, microUsd, resultDigest: null } });
    const below = sequence(2);
    for (let minute = 0; minute < DAY; minute += 1) one.minute(minute, 3, paid(900 + below(200)));
    expect(one.findings).toEqual([]);
    one.minute(DAY, 3, paid(100_000));
    expect(one.findings.map(({ rule }) => rule)).toContain('amount-tail');
    expect(
      one.findings.some(({ rule, signal }) => rule === 'window-tail' && signal === 'spend'),
    ).toBe(true);
  },

  'calls far slower than usual are told': (detectors) => {
    const one = watch(detectors);
    const took = (durationMs: number) => ({ outcome: { ...OK, durationMs, resultDigest: null } });
    const below = sequence(6);
    for (let minute = 0; minute < DAY; minute += 1) one.minute(minute, 3, took(100 + below(80)));
    expect(one.findings).toEqual([]);
    for (let n = 0; n < 10; n += 1) one.minute(DAY + n, 3, took(5_000));
    expect(one.findings).toMatchObject([{ signal: 'latency', rule: 'slow-calls' }]);
  },

  'targets never met before are told, known ones are not': (detectors) => {
    const one = watch(detectors);
    const below = sequence(8);
    const to = (target: string) => ({ targets: [target] });
    for (let minute = 0; minute < DAY; minute += 1) one.minute(minute, 3, to(`known-${below(20)}`));
    expect(one.findings).toEqual([]);
    for (let n = 0; n < 40; n += 1) {
      one.see(sampleOf(START_MS + DAY * MINUTE_MS + n * 15_000, to(`stranger-${n}`)));
    }
    expect(one.findings.map(({ signal }) => signal)).toContain('novelty');
  },

  'a minute that reaches many targets is told': (detectors) => {
    const one = watch(detectors, { signals: { ...detectors.defaults.signals, novelty: false } });
    const below = sequence(8);
    for (let minute = 0; minute < DAY; minute += 1) {
      for (let n = 0; n < 40; n += 1) {
        const target = `known-${below(3)}`;
        one.see(sampleOf(START_MS + minute * MINUTE_MS + n * 1_500, { targets: [target] }));
      }
    }
    one.findings.length = 0;
    for (let n = 0; n < 40; n += 1) {
      const at = START_MS + (DAY + 2) * MINUTE_MS + n * 1_500;
      one.see(sampleOf(at, { targets: [`target-${n}`] }));
    }
    expect(one.findings).toMatchObject([{ signal: 'fan-out', rule: 'window-tail' }]);
  },

  'an agent that stops mid-task is told of once': (detectors) => {
    const one = watch(detectors);
    for (let n = 0; n < 5; n += 1) one.see(sampleOf(START_MS));
    one.see(sampleOf(START_MS, { outcome: null }));
    expect(one.tick(START_MS + 9 * MINUTE_MS)).toEqual([]);
    expect(one.tick(START_MS + 11 * MINUTE_MS)).toMatchObject([{ signal: 'silence' }]);
    expect(one.tick(START_MS + 12 * MINUTE_MS)).toEqual([]);
    const done = watch(detectors);
    for (let n = 0; n < 6; n += 1) done.see(sampleOf(START_MS));
    expect(done.tick(START_MS + 11 * MINUTE_MS)).toEqual([]);
  },

  'the state comes back from its bytes, and other bytes are refused': (detectors) => {
    const one = watch(detectors);
    quietly(one, 0, 2 * HOUR);
    const bytes = detectors.encodeState(one.state);
    const restored = detectors.decodeState(bytes);
    expect(restored).not.toBeNull();
    const other = watch(detectors);
    if (restored !== null) other.state = restored;
    quietly(one, 2 * HOUR, HOUR);
    quietly(other, 2 * HOUR, HOUR);
    expect(detectors.encodeState(other.state)).toEqual(detectors.encodeState(one.state));
    expect(detectors.decodeState(bytes.subarray(8))).toBeNull();
    expect(detectors.decodeState(new Uint8Array(bytes.length))).toBeNull();
    expect(bytes.length).toBeLessThanOrEqual(4_096);
  },
};
