import { statSync } from 'node:fs';
import { join } from 'node:path';
import { Appender } from '@estop/log/embedded/appender';
import { DiskRoom } from '@estop/log/embedded/disk-room';
import { EmbeddedPartition } from '@estop/log/embedded/partition';
import { openStore, type Store } from '@estop/log/embedded/store';
import { systemClock } from '@estop/runtime/clock';
import { TOPIC_SCHEMAS } from '@estop/schemas/avro';
import { parseSchema, schemaIdOf } from '@estop/schemas/codec';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestFolder, PARTITIONS, readAll, type TestFolder } from './test-folder.ts';

let folder: TestFolder;

beforeEach(() => {
  folder = createTestFolder();
});

afterEach(() => folder.dispose());

/** Changes the file while no log has it open. */
async function edit(change: (store: Store) => void): Promise<void> {
  const store = await openStore(folder.path, PARTITIONS);
  store.root.transactionSync(() => change(store));
  await store.root.close();
}

describe('the file of the embedded log', () => {
  it('is in a folder that only its owner can enter', async () => {
    const path = join(folder.path, 'made by the log');
    await folder.open({ path });
    expect(statSync(path).mode & 0o777).toBe(0o700);
  });

  it('keeps one identity and one schema id for as long as it lives', async () => {
    const before = await folder.open();
    const log = await folder.open();
    expect(log.id).toBe(before.id);
    expect(log.codec('audit.v1').schemaId).toBe(before.codec('audit.v1').schemaId);
  });

  it('reads what an older version wrote with its own schema', async () => {
    const current = TOPIC_SCHEMAS['halts.v1'] as { readonly fields: readonly { name: string }[] };
    const older = { ...current, fields: current.fields.filter(({ name }) => name !== 'until') };
    expect(older.fields).toHaveLength(current.fields.length - 1);
    await (await folder.open()).close();
    const olderId = 4_711;
    await edit(({ root }) => {
      const schemas = root.openDB<object, string>({ name: 'schemas', encoding: 'json' });
      schemas.putSync('halts.v1/older', { id: olderId, topic: 'halts.v1', schema: older });
    });
    const log = await folder.open();
    const type = parseSchema(older);
    const halt = {
      haltId: 'h',
      scope: { fleet: true, group: null, agent: null, tool: null },
      mode: 'kill',
      epoch: 3,
      by: 'x',
      reason: null,
      lifted: false,
      killers: [],
    };
    const header = Buffer.alloc(5);
    header.writeInt32BE(olderId, 1);
    const value = Buffer.concat([header, type.toBuffer(halt)]);
    await log.append('halts.v1', 0, [{ key: 'fleet', value }]);
    const records = await readAll(log, 'halts.v1');
    await log.learnSchemas(records);
    const bytes = records[0]?.value ?? Buffer.alloc(0);
    expect(schemaIdOf(bytes)).toBe(olderId);
    expect(log.codec('halts.v1').decode(bytes)).toEqual({ ...halt, until: null });
    expect(log.codec('halts.v1').schemaId).not.toBe(olderId);
  });

  it('is refused when its format is newer', async () => {
    await (await folder.open()).close();
    await edit(({ meta }) => void meta.putSync('format', 3));
    await expect(folder.open()).rejects.toMatchObject({
      code: 'config-invalid',
      message: expect.stringMatching(/format 3.*reads format 2/),
    });
  });

  it('is refused when topics would change their places', async () => {
    await (await folder.open()).close();
    await edit(({ meta }) => void meta.putSync('topics', ['outcomes.v1', 'intents.v1']));
    await expect(folder.open()).rejects.toMatchObject({ code: 'config-invalid' });
  });

  it('belongs to the last process that opened it: one that slipped past the lock takes over', async () => {
    const open = async () => {
      const store = await openStore(folder.path, PARTITIONS);
      const partition = new EmbeddedPartition(store, 'audit.v1', 0);
      const room = new DiskRoom({ folder: folder.path, reserveBytes: 0, clock: systemClock });
      const appender = new Appender(store, systemClock, { room, lastTimestampMs: 0 });
      const append = (text: string) =>
        appender.append({ partition, records: [{ key: 'k', value: Buffer.from(text) }] });
      return { append, appender, close: () => store.root.close() };
    };
    const first = await open();
    expect(await first.append('a')).toMatchObject({ baseOffset: 0 });
    const second = await open();
    expect(await second.append('b')).toMatchObject({ baseOffset: 1 });
    const refusal = {
      code: 'log-unavailable',
      message: expect.stringContaining('another process has taken over'),
    };
    await expect(first.append('c')).rejects.toMatchObject(refusal);
    await expect(first.appender.ping()).rejects.toMatchObject(refusal);
    expect(await second.append('d')).toMatchObject({ baseOffset: 2 });
    await second.close();
    await first.close();
    const texts = (await readAll(await folder.open(), 'audit.v1')).map(({ value }) => `${value}`);
    expect(texts).toEqual(['a', 'b', 'd']);
  });
});
