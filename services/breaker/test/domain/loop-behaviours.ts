/** What the rules about loops promise. */
import { expect } from 'vitest';
import type { Sample } from '../../src/domain/sample.ts';
import type { Behaviour } from './behaviours.ts';
import { type Detectors, OK, START_MS, sampleOf, watch } from './rig.ts';

const STEP_MS = 5_000;

/** Calls five seconds apart, each as given. */
function played(detectors: Detectors, calls: readonly Partial<Sample>[], stepMs = STEP_MS) {
  const one = watch(detectors);
  for (const [n, call] of calls.entries()) one.see(sampleOf(START_MS + n * stepMs, call));
  return one.findings;
}

function times(count: number, call: Partial<Sample>): readonly Partial<Sample>[] {
  return Array.from({ length: count }, () => call);
}

const answered = (resultDigest: string) => ({ outcome: { ...OK, resultDigest } });
const A = { tool: 'list', argumentsDigest: 'sha256:a', ...answered('sha256:1') };
const B = { tool: 'read', argumentsDigest: 'sha256:b', ...answered('sha256:2') };
const FAILS = {
  tool: 'pay',
  argumentsDigest: 'sha256:c',
  outcome: { ...OK, status: 'error' },
} as const;

export const LOOP_BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
  'the same call with the same result is a loop at the fourth time': (detectors) => {
    expect(played(detectors, times(3, A))).toEqual([]);
    const [found, ...others] = played(detectors, times(4, A));
    expect(others).toEqual([]);
    expect(found).toMatchObject({ signal: 'loop', rule: 'same-result', kind: 'deterministic' });
    expect(found).toMatchObject({ observed: 4, expected: { low: 0, high: 3 }, evidence: null });
    expect(found?.calls).toEqual([15_000, 10_000, 5_000, 0].map((ms) => START_MS + ms));
  },

  'the same call with other results is a loop at the sixth time': (detectors) => {
    const changing = (count: number) =>
      Array.from({ length: count }, (_, n) => ({ ...A, ...answered(`sha256:result-${n}`) }));
    expect(played(detectors, changing(5))).toEqual([]);
    expect(played(detectors, changing(6))).toMatchObject([{ rule: 'same-call' }]);
  },

  'the same call that fails is a loop at the fifth time': (detectors) => {
    expect(played(detectors, times(4, FAILS))).toEqual([]);
    expect(played(detectors, times(5, FAILS))).toMatchObject([{ rule: 'same-error' }]);
  },

  'other arguments begin anew': (detectors) => {
    const calls = [...times(3, A), { ...A, argumentsDigest: 'sha256:z' }, ...times(3, A)];
    expect(played(detectors, calls)).toEqual([]);
  },

  'another session begins anew': (detectors) => {
    expect(played(detectors, [...times(3, A), ...times(3, { ...A, session: 's2' })])).toEqual([]);
  },

  'two calls in turn are a loop when they come round a third time': (detectors) => {
    expect(played(detectors, [A, B, A, B, A])).toEqual([]);
    expect(played(detectors, [A, B, A, B, A, B])).toMatchObject([{ rule: 'cycle', observed: 3 }]);
  },

  'four calls in turn are a loop when they come round a third time': (detectors) => {
    const four = [A, B, { ...A, tool: 'c' }, { ...A, tool: 'd' }];
    expect(played(detectors, [...four, ...four, ...four.slice(0, 3)])).toEqual([]);
    expect(played(detectors, [...four, ...four, ...four])).toMatchObject([{ rule: 'cycle' }]);
  },

  'six failures one after the other are told, whatever the calls': (detectors) => {
    const failing = (count: number) =>
      Array.from({ length: count }, (_, n) => ({ ...FAILS, argumentsDigest: `sha256:f${n}` }));
    expect(played(detectors, failing(5))).toEqual([]);
    expect(played(detectors, failing(6))).toMatchObject([{ rule: 'errors-in-a-row' }]);
  },

  'polling at the declared interval is no loop, polling faster is one': (detectors) => {
    const poll = { ...A, pollIntervalMs: 10_000 };
    expect(played(detectors, times(30, poll), 10_000)).toEqual([]);
    expect(played(detectors, times(4, poll), 2_000)).toMatchObject([{ rule: 'same-result' }]);
  },

  'repeats whose result is not known yet are no loop': (detectors) => {
    expect(played(detectors, times(8, { ...A, outcome: null }))).toEqual([]);
  },
};
