import { serializeState } from '@estop/policy/domain/serialize';
import { partitionText } from '@estop/policy/domain/snapshot/partition-entry';
import { restore } from '@estop/policy/domain/snapshot/restore';
import { initialState } from '@estop/policy/domain/state';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { partitionAfter, randomHistories, takeStep } from './random-history.ts';
import { inOrder, restoredFrom, storedSubjects } from './restored.ts';

describe('a state restored from a snapshot', () => {
  it('is the rebuilt one byte for byte, wherever the snapshot was cut', () => {
    fc.assert(
      fc.property(randomHistories, (history) => {
        const { records, state } = partitionAfter(history);
        const text = serializeState(state);
        const order = inOrder(state);
        for (let cut = 0; cut <= records.length; cut += 1) {
          const restored = restoredFrom(records, { cut, newer: [] });
          expect(serializeState(restored)).toBe(text);
          expect(inOrder(restored)).toBe(order);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('is the rebuilt one also when subjects were written later than the manifest', () => {
    const places = fc.array(fc.nat(80), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(randomHistories, fc.nat(80), places, (history, at, places) => {
        const { records, state } = partitionAfter(history);
        const cut = Math.min(at, records.length);
        const newer = places.map((place) => Math.min(place, records.length));
        const restored = restoredFrom(records, { cut, newer });
        expect(serializeState(restored)).toBe(serializeState(state));
        expect(inOrder(restored)).toBe(inOrder(state));
      }),
      { numRuns: 500 },
    );
  });

  it('goes on deciding as the one it was taken of', () => {
    fc.assert(
      fc.property(randomHistories, fc.nat(80), (history, at) => {
        const whole = partitionAfter(history);
        const resumed = partitionAfter(history.slice(0, at));
        const { state: before, records } = resumed;
        const subjects = storedSubjects(before, records.length);
        resumed.state = initialState(0);
        const partition = { offset: records.length, partitionText: partitionText(before) };
        restore(resumed.state, { ...partition, subjects });
        for (const step of history.slice(at)) takeStep(resumed, step);
        expect(records).toEqual(whole.records);
      }),
      { numRuns: 100 },
    );
  });
});
