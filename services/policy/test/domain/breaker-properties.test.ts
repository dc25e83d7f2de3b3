import { PROBES_MAX } from '@estop/policy/domain/limits';
import { serializeState } from '@estop/policy/domain/serialize';
import type { AuditRecord } from '@estop/schemas/messages';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type RandomStep, randomHistories, randomPartition, takeStep } from './random-history.ts';
import type { Partition } from './specification.ts';

const RUNS = { numRuns: 300 };

/** Runs a history; `check` sees each record, and the partition after it. */
function run(
  history: readonly RandomStep[],
  check: (partition: Partition, record: AuditRecord) => void,
): Partition {
  const partition = randomPartition();
  for (const step of history) {
    const seen = partition.records.length;
    takeStep(partition, step);
    for (const record of partition.records.slice(seen)) check(partition, record);
  }
  return partition;
}

function breakersOf({ state }: Partition) {
  return new Map([...state.agentById.values()].map(({ id, breaker }) => [id as string, breaker]));
}

function changesIn({ events }: AuditRecord) {
  return events.filter((event) => event.type === 'BreakerChanged');
}

function allowedIn({ events }: AuditRecord) {
  return events.filter((event) => event.type === 'IntentAllowed');
}

function readsIn({ subject, events }: AuditRecord) {
  return events
    .filter((event) => event.type === 'IntentProposed')
    .filter(({ intent }) => intent.tool === 'look')
    .map(({ intent }) => `${subject} ${intent.intentId}`);
}

/** In which an intent above read may have been allowed, by how it was. */
const MODES_BEHIND = { permitted: ['closed'], approved: ['closed', 'step-up'] };

describe('whatever trips, kills and probes there are', () => {
  it('the state rebuilt from the records is the live one, byte for byte', () => {
    fc.assert(
      fc.property(randomHistories, (history) => {
        const partition = run(history, () => undefined);
        expect(serializeState(partition.rebuilt())).toBe(serializeState(partition.state));
      }),
      RUNS,
    );
  });

  it('no record changes a breaker but that of its own agent', () => {
    fc.assert(
      fc.property(randomHistories, (history) => {
        let before = new Map<string, unknown>();
        run(history, (partition, { subject }) => {
          const after = breakersOf(partition);
          for (const [id, breaker] of before) {
            if (id !== subject) expect(after.get(id)).toBe(breaker);
          }
          before = after;
        });
      }),
      RUNS,
    );
  });

  it('every change of a mode is an event, from the mode that was', () => {
    fc.assert(
      fc.property(randomHistories, (history) => {
        const modes = new Map<string, string>();
        run(history, (partition, record) => {
          for (const { from, to } of changesIn(record)) {
            expect(from).toBe(modes.get(record.subject ?? '') ?? 'closed');
            modes.set(record.subject ?? '', to);
          }
          for (const [id, { mode }] of breakersOf(partition)) {
            expect(mode).toBe(modes.get(id) ?? 'closed');
          }
        });
      }),
      RUNS,
    );
  });

  it('at most five probes are let through, and nothing above read but closed or approved', () => {
    fc.assert(
      fc.property(randomHistories, (history) => {
        const readers = new Set<string>();
        run(history, (partition, record) => {
          const breaker = breakersOf(partition).get(record.subject ?? '');
          expect(breaker?.probes.length ?? 0).toBeLessThanOrEqual(PROBES_MAX);
          for (const id of readsIn(record)) readers.add(id);
          const writes = allowedIn(record).filter((event) => {
            return !readers.has(`${record.subject} ${event.intentId}`);
          });
          for (const { reason } of writes) expect(MODES_BEHIND[reason]).toContain(breaker?.mode);
        });
      }),
      RUNS,
    );
  });
});
