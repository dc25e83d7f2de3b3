import { DECIDED_MAX } from '@estop/policy/domain/limits';
import type { AuditRecord, Snapshot } from '@estop/schemas/messages';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { createFleetDouble } from '../domain/fleet-double.ts';
import { partitionAfter, randomHistories } from '../domain/random-history.ts';
import { intentInput, Partition } from '../domain/specification.ts';
import { SnapshotRig } from './snapshot-rig.ts';

let rig: SnapshotRig;

beforeEach(() => {
  rig = new SnapshotRig();
});

async function write(records: readonly AuditRecord[]): Promise<void> {
  for (const record of records) await rig.turn(record, false);
}

/** Records of a few agents, one intent each. */
function someRecords(agents = 5): readonly AuditRecord[] {
  const names = Array.from({ length: agents }, (_, index) => `agent-${index}`);
  const partition = new Partition(createFleetDouble({ agents: names }));
  for (const agentId of names) partition.propose({ agentId, intentId: `of-${agentId}` });
  return partition.records;
}

function text({ state }: Snapshot): string {
  return Buffer.from(state).toString();
}

/** Whatever it finds, it has what the log says; answers how many records it folded. */
async function expectRecovered(): Promise<number> {
  const recovered = await rig.recovered();
  expect(recovered.text).toBe(await rig.rebuilt());
  return recovered.folded;
}

async function expectRefused(why: string): Promise<void> {
  const { text, folded, errors } = await rig.recovered();
  expect(errors).toContain('the snapshot is not trusted and thrown away');
  expect(errors).toContain(why);
  expect(folded).toBe(await rig.log.endOffset('audit.v1', 0));
  expect(text).toBe(await rig.rebuilt());
  expect((await rig.entries()).has('/manifest')).toBe(false);
}

describe('a snapshot', () => {
  it('restores what the log says, whatever was written when and wherever the process died', async () => {
    let spared = 0;
    const places = fc.array(fc.boolean(), { minLength: 80, maxLength: 80 });
    await fc.assert(
      fc.asyncProperty(randomHistories, places, fc.nat(60), async (history, steps, appends) => {
        rig = new SnapshotRig();
        rig.dieAfter(appends);
        for (const [index, record] of partitionAfter(history).records.entries()) {
          await rig.turn(record, steps[index]);
        }
        const { text, folded, errors } = await rig.recovered();
        expect(errors).toBe('');
        expect(text).toBe(await rig.rebuilt());
        if (folded < (await rig.log.endOffset('audit.v1', 0))) spared += 1;
      }),
      { numRuns: 150 },
    );
    expect(spared).toBeGreaterThan(50);
  });

  it('spares all folding after an orderly end', async () => {
    await write(someRecords());
    await rig.finish();
    expect(await expectRecovered()).toBe(0);
  });

  it('holds an agent only once it has changed', async () => {
    await write(someRecords());
    await rig.finish();
    const before = await rig.log.endOffset('snapshots.v1', 0);
    await write(someRecords(1).slice(1));
    await rig.finish();
    // The agent, the partition and the manifest.
    expect(await rig.log.endOffset('snapshots.v1', 0)).toBe(before + 3);
    expect(await expectRecovered()).toBe(0);
  });

  it('goes on where another process left it', async () => {
    await write(someRecords());
    await rig.finish();
    await write(someRecords(3).slice(1));
    const { snapshots } = await rig.recovered();
    await snapshots.finish(rig.writer, { proven: Promise.resolve(), releasedOffset: 0 });
    expect(await expectRecovered()).toBe(0);
  });

  it('holds an agent larger than a record in several of them', async () => {
    const partition = new Partition();
    const long = 'x'.repeat(190);
    for (let index = 0; index < DECIDED_MAX - 1; index += 1) {
      partition.when(intentInput({ intentId: `${index}${long}`, sessionId: `${index}${long}` }));
    }
    await write(partition.records);
    await rig.finish();
    const parts = [...(await rig.entries()).keys()].filter((key) => key.startsWith('billing-bot'));
    expect(parts).toEqual(['billing-bot', 'billing-bot/1']);
    expect(await expectRecovered()).toBe(0);
  });

  it('needs fewer records again when an agent has shrunk', async () => {
    const partition = new Partition();
    const long = 'x'.repeat(190);
    for (let index = 0; index < DECIDED_MAX - 1; index += 1) {
      partition.when(intentInput({ intentId: `${index}${long}`, sessionId: `${index}${long}` }));
    }
    await write(partition.records);
    await rig.finish();
    partition.after(30 * 3_600_000).propose({ intentId: 'tomorrow' });
    await write(partition.records.slice(-1));
    await rig.finish();
    expect([...(await rig.entries()).keys()]).not.toContain('billing-bot/1');
    expect(await expectRecovered()).toBe(0);
  });

  it('leaves to the fold an agent that is too large for it, and says so', async () => {
    const partition = new Partition(
      createFleetDouble({
        rule: (_, granted) => ({ ...ASK, decision: granted ? 'allow' : 'deny' }),
      }),
    );
    const text = JSON.stringify({ text: 'x'.repeat(300_000) });
    for (let index = 0; index < 45; index += 1) {
      partition.when(intentInput({ intentId: `i${index}`, arguments: text }));
    }
    await write(partition.records);
    await rig.finish();
    expect((await rig.entries()).has('/manifest')).toBe(false);
    expect(await expectRecovered()).toBe(46);
  });

  it('still has the newest records whose effects may not be out', async () => {
    await write(someRecords());
    rig.releasedOffset = 2;
    await rig.finish();
    await write(someRecords(1).slice(1));
    const { recent, folded } = await rig.recovered();
    expect(folded).toBe(1);
    expect(recent.map(({ offset }) => offset)).toEqual([2, 3, 4, 5, 6]);
  });
});

const ASK = { determining: ['gate'], errors: [] };

describe('a snapshot that disagrees is thrown away, said so, and never trusted', () => {
  beforeEach(async () => {
    await write(someRecords());
    await rig.finish();
  });

  it('when an entry is not as it was written', async () => {
    await rig.tamper('agent-1', (entry) => {
      const state = Buffer.from(text(entry).replace('"allowed":1', '"allowed":2'));
      return { ...entry, state };
    });
    await expectRefused('the hash of its entries is not the one that was written');
  });

  it('when an entry is missing', async () => {
    await rig.tamper('agent-1', () => null);
    await expectRefused('it has 5 entries, 6 were written');
  });

  it('when an entry stands under the key of another', async () => {
    await rig.tamper('/manifest', (manifest) => ({ ...manifest, subject: 'agent-1' }));
    await expectRefused('the entry /manifest is of agent-1/0');
  });

  it('when the manifest has the form of another version', async () => {
    await rig.tamper('/manifest', (manifest) => {
      const state = Buffer.from(text(manifest).replace('"format":7', '"format":8'));
      return { ...manifest, state };
    });
    await expectRefused('its format is 8, this version reads 7');
  });

  it('when the manifest is no manifest', async () => {
    await rig.tamper('/manifest', (manifest) => ({ ...manifest, state: Buffer.from('{') }));
    await expectRefused('JSON');
  });

  it('when it is of a later part of the log than there is', async () => {
    await rig.tamper('/manifest', (manifest) => ({ ...manifest, offset: 7 }));
    await expectRefused('the entry of the partition is not of the manifest');
  });

  it('when the log has another history', async () => {
    const { log } = rig;
    rig = new SnapshotRig();
    await write(someRecords(7).slice(1));
    const { records } = await log.read('snapshots.v1', 0, { fromOffset: 0, maxRecords: 500 });
    await rig.log.append('snapshots.v1', 0, records);
    await expectRefused('the audit record at offset 5 is not the one it rests on');
  });

  it('when an entry ahead of the manifest is of another history', async () => {
    const more = someRecords(12).slice(6);
    await write(more.slice(0, -1));
    await rig.turn(more.at(-1) ?? expect.unreachable());
    const { log } = rig;
    const entries = await rig.entries();
    expect(entries.get('/manifest')?.offset).toBe(6);
    expect(entries.get('agent-5')?.offset).toBe(13);
    rig = new SnapshotRig();
    await write([...someRecords(), ...[...more].reverse()]);
    const { records } = await log.read('snapshots.v1', 0, { fromOffset: 0, maxRecords: 500 });
    await rig.log.append('snapshots.v1', 0, records);
    await expectRefused('the audit record at offset 12 is not the one it rests on');
  });

  it('when the log is shorter than it', async () => {
    const { log } = rig;
    rig = new SnapshotRig();
    await write(someRecords(2));
    const { records } = await log.read('snapshots.v1', 0, { fromOffset: 0, maxRecords: 500 });
    await rig.log.append('snapshots.v1', 0, records);
    await expectRefused('it holds records up to 6, the audit log ends at 3');
  });

  it('when nobody of this deployment wrote it', async () => {
    rig.log.isLinked = (stored?: { readonly key: string }) => (stored?.key !== 'agent-2') as never;
    await expectRefused('the entry agent-2 proves no writer');
  });

  it('and is replaced by one that agrees', async () => {
    await rig.tamper('agent-1', () => null);
    await rig.tamper('agent-7', () => null);
    const { snapshots } = await rig.recovered();
    await snapshots.finish(rig.writer, { proven: Promise.resolve(), releasedOffset: 0 });
    expect(await expectRecovered()).toBe(0);
  });
});
