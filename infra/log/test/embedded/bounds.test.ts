import { APPENDS_PENDING_MAX, type NewRecord } from '@estop/log/port';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestFolder, type TestFolder } from './test-folder.ts';

const MIB = 1024 * 1024;
const RECORD: NewRecord = { key: 'k', value: Buffer.from('x') };

let folder: TestFolder;

beforeEach(() => {
  folder = createTestFolder();
});

afterEach(() => folder.dispose());

describe('the bounds of the embedded log', () => {
  it('refuses the append too many, takes those before it, and works again after them', async () => {
    const log = await folder.open();
    const taken = Array.from({ length: APPENDS_PENDING_MAX }, (_, index) =>
      log.append('intents.v1', index % 2, [RECORD]),
    );
    await expect(log.append('intents.v1', 0, [RECORD])).rejects.toMatchObject({
      code: 'log-overloaded',
    });
    await Promise.all(taken);
    const { baseOffset } = await log.append('intents.v1', 0, [RECORD]);
    expect(baseOffset).toBe(APPENDS_PENDING_MAX / 2);
  });

  it('refuses an append whose bytes are too many to wait for the disk', async () => {
    const log = await folder.open();
    const eight = { key: 'policy', value: Buffer.alloc(8 * MIB) };
    const appends = Array.from({ length: 34 }, () => log.append('policies.v1', 0, [eight]));
    const codes = (await Promise.allSettled(appends)).map((result) =>
      result.status === 'rejected' ? result.reason.code : 'taken',
    );
    expect(codes.slice(0, 31)).toEqual(codes.slice(0, 31).map(() => 'taken'));
    expect(codes.slice(32)).toEqual(['log-overloaded', 'log-overloaded']);
    expect(await log.endOffset('policies.v1', 0)).toBe(codes.indexOf('log-overloaded'));
  });

  it('hands out large records a bounded number of bytes at a time', async () => {
    const before = await folder.open();
    const large = { key: 'k', value: Buffer.alloc(MIB) };
    for (let at = 0; at < 3; at += 1) {
      await before.append(
        'audit.v1',
        0,
        Array.from({ length: 4 }, () => large),
      );
    }
    const log = await folder.open();
    const first = await log.read('audit.v1', 0, { fromOffset: 0, maxRecords: 500 });
    expect(first.records.length).toBeLessThan(12);
    expect(first.nextOffset).toBe(first.records.length);
    const rest = await log.read('audit.v1', 0, { fromOffset: first.nextOffset, maxRecords: 500 });
    expect(rest.nextOffset).toBe(12);
  });

  it('starves no input topic behind a busy one', async () => {
    const log = await folder.open();
    const busy = Array.from({ length: 500 }, () => RECORD);
    await log.append('intents.v1', 0, busy);
    await log.append('outcomes.v1', 0, [RECORD]);
    const taken: string[] = [];
    const membership = await log.join({
      group: 'g',
      inputs: ['intents.v1', 'outcomes.v1'],
      async run(assignment) {
        if (assignment.partition !== 0) return;
        await assignment.seek(new Map());
        for (let turn = 0; turn < 2; turn += 1) {
          taken.push(...(await assignment.next(10, 1_000)).map(({ topic }) => topic));
        }
        await membership.close();
      },
      onFailure: (_partition, error) => expect.unreachable(String(error)),
    });
    await expect.poll(() => taken.length).toBeGreaterThanOrEqual(11);
    expect(taken).toContain('outcomes.v1');
  });
});
