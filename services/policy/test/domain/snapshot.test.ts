import { serializeState } from '@estop/policy/domain/serialize';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { partitionAfter, randomHistories, takeStep } from './random-history.ts';
import { inOrder, restoredFrom } from './restored.ts';
import { Partition } from './specification.ts';

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

  it('goes on deciding as the one it was taken of, whatever was folded on top', () => {
    fc.assert(
      fc.property(randomHistories, fc.nat(80), fc.nat(40), (history, at, tail) => {
        const whole = partitionAfter(history);
        const resumed = partitionAfter(history.slice(0, at));
        const { records } = resumed;
        const cut = Math.max(0, records.length - tail);
        resumed.state = restoredFrom(records, { cut, newer: [] });
        for (const step of history.slice(at)) takeStep(resumed, step);
        expect(records).toEqual(whole.records);
      }),
      { numRuns: 300 },
    );
  });

  it('reads no agent for records that need nothing of it, until somebody asks', () => {
    const partition = new Partition();
    partition.propose({ intentId: 'i1' });
    const cut = partition.records.length;
    partition.propose({ intentId: 'i2' });
    partition.after(1_000).outcome('ok');
    const { agentById } = restoredFrom(partition.records, { cut, newer: [] });
    const [agentId] = partition.state.agentById.keys();
    if (agentId === undefined) throw new Error('somebody asked');
    expect(agentById.isAsleep(agentId)).toBe(true);
    expect(agentById.get(agentId)?.allowed).toBe(2);
    expect(agentById.isAsleep(agentId)).toBe(false);
  });
});
