import { applyRecord } from '@estop/policy/domain/apply-record';
import { serializeState } from '@estop/policy/domain/serialize';
import { partitionText } from '@estop/policy/domain/snapshot/partition-entry';
import { RestoredFold, restore, type StoredSubject } from '@estop/policy/domain/snapshot/restore';
import { agentText, firstDueMs, personText } from '@estop/policy/domain/snapshot/subject-entry';
import { initialState, type PartitionState } from '@estop/policy/domain/state';
import { personSubject, type SubjectId } from '@estop/schemas/ids';
import type { AuditRecord } from '@estop/schemas/messages';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { partitionAfter, randomHistories, takeStep } from './random-history.ts';

function folded(records: readonly AuditRecord[]): PartitionState {
  const state = initialState(0);
  for (const [offset, record] of records.entries()) applyRecord(state, record, offset);
  return state;
}

/** The subjects of a state as a snapshot writes them when it holds the records below an offset. */
function storedSubjects(state: PartitionState, offset: number): Map<SubjectId, StoredSubject> {
  const stored = new Map<SubjectId, StoredSubject>();
  for (const agent of state.agentById.values()) {
    const text = agentText(agent);
    const subject = agent.id as string as SubjectId;
    stored.set(subject, { offset, dueMs: firstDueMs(agent), text: () => text });
  }
  for (const [id, person] of state.personById) {
    const text = personText(person);
    stored.set(personSubject(id), { offset, dueMs: null, text: () => text });
  }
  return stored;
}

/** Maps as lists, so that their order counts too: some say what is oldest. */
function inOrder(state: PartitionState): string {
  const agents = [...state.agentById].sort(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify(agents, (_, value) => (value instanceof Map ? [...value] : value));
}

/** Restored as of `cut`, with the subjects as of the later cuts that `newer` gives them. */
function restoredFrom(
  records: readonly AuditRecord[],
  { cut, newer }: { readonly cut: number; readonly newer: readonly number[] },
): PartitionState {
  const base = folded(records.slice(0, cut));
  const subjects = storedSubjects(base, cut);
  for (const [index, later] of newer.entries()) {
    const offset = Math.max(cut, later);
    const all = [...storedSubjects(folded(records.slice(0, offset)), offset)];
    const chosen = all[index % Math.max(1, all.length)];
    if (chosen !== undefined) subjects.set(...chosen);
  }
  const state = initialState(0);
  restore(state, { offset: cut, partitionText: partitionText(base), subjects });
  const fold = new RestoredFold(state, subjects);
  for (let offset = cut; offset < records.length; offset += 1) {
    const record = records[offset];
    if (record !== undefined) fold.apply(record, offset);
  }
  return state;
}

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
