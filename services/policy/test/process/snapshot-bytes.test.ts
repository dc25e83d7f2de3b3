/** Whatever bytes stand in snapshots.v1: the state is the one of the log. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createFleetDouble } from '../domain/fleet-double.ts';
import { Partition } from '../domain/specification.ts';
import { SnapshotRig } from './snapshot-rig.ts';

const RUNS = 1_500;
const AGENTS = ['agent-0', 'agent-1', 'agent-2'];

interface Edit {
  /** Which record, and where in it, in parts of a thousand. */
  readonly record: number;
  readonly at: number;
  readonly kind: 'flip' | 'cut' | 'insert' | 'swap' | 'remove';
  readonly bytes: Uint8Array;
}

const edits = fc.array(
  fc.record<Edit>({
    record: fc.nat(999),
    at: fc.nat(999),
    kind: fc.constantFrom('flip', 'cut', 'insert', 'swap', 'remove'),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }),
  }),
  { minLength: 1, maxLength: 3 },
);

async function writtenRig(): Promise<SnapshotRig> {
  const rig = new SnapshotRig();
  const partition = new Partition(createFleetDouble({ agents: AGENTS }));
  for (const agentId of AGENTS) partition.propose({ agentId, intentId: `of-${agentId}` });
  for (const record of partition.records) await rig.turn(record, false);
  await rig.finish();
  return rig;
}

/** A record's bytes edited, or those of another under its key; null: none any more. */
function edited(value: Buffer, { kind, at, bytes }: Edit, other: Buffer): Buffer | null {
  const place = Math.floor((at / 1_000) * value.length);
  const [before, after] = [value.subarray(0, place), value.subarray(place)];
  switch (kind) {
    case 'flip':
      return Buffer.concat([before, Buffer.from([(after[0] ?? 0) ^ 1]), after.subarray(1)]);
    case 'cut':
      return Buffer.from(before);
    case 'insert':
      return Buffer.concat([before, bytes, after]);
    case 'swap':
      return other;
    case 'remove':
      return null;
  }
}

it('restores what the log says, or says that it trusts no snapshot', {
  timeout: 120_000,
}, async () => {
  const counts = { refused: 0, used: 0 };
  const written = await writtenRig();
  const { records } = await written.log.read('snapshots.v1', 0, { fromOffset: 0, maxRecords: 100 });
  const last = new Map(records.map((record) => [record.key, record]));
  const entries = [...last.values()].filter(({ value }) => value !== null);
  const rebuilt = await written.rebuilt();
  await fc.assert(
    fc.asyncProperty(edits, async (all) => {
      // Compacted, as a reader finds it: what is appended last under a key counts.
      await written.log.append('snapshots.v1', 0, entries);
      for (const edit of all) {
        const target = entries[edit.record % entries.length];
        const other = entries[(edit.record + 1) % entries.length]?.value ?? Buffer.alloc(0);
        const value = edited(target?.value ?? Buffer.alloc(0), edit, other);
        await written.log.append('snapshots.v1', 0, [{ key: target?.key ?? '', value }]);
      }
      const { text, folded, errors } = await written.recovered();
      expect(text).toBe(rebuilt);
      const isRefused = errors.includes('not trusted');
      // Used, it spares the folding; refused or gone, it spares nothing.
      expect(folded === 0 || folded === (await written.log.endOffset('audit.v1', 0))).toBe(true);
      if (isRefused) expect(folded).toBeGreaterThan(0);
      counts[isRefused ? 'refused' : 'used'] += 1;
    }),
    { numRuns: RUNS, seed: 20_261_123, endOnFailure: true },
  );
  expect(counts.refused).toBeGreaterThan(RUNS / 2);
});
