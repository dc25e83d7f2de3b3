import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClientLog } from '@estop/log/kafka/client';
import { openMemberNote } from '@estop/log/kafka/member-note';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

describe('the note of a membership', () => {
  let folder: string;
  let logs: ClientLog[];
  const open = () => openMemberNote(join(folder, 'group'), (log) => logs.push(log));

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'estop-note-'));
    logs = [];
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('names the member that did not leave, and nobody after one that did', async () => {
    const first = await open();
    expect(first?.predecessor).toBeNull();
    first?.write('member-1');
    first?.write('member-2');
    await first?.release();

    const second = await open();
    expect(second?.predecessor).toBe('member-2');
    second?.erase();
    await second?.release();

    const third = await open();
    expect(third?.predecessor).toBeNull();
    await third?.release();
  });

  it('is kept by one process at a time, and the other says so', async () => {
    const first = await open();
    expect(await open()).toBeNull();
    expect(logs).toMatchObject([{ level: 'warn', message: expect.stringContaining(folder) }]);
    await first?.release();
  });

  it('is no reason to fail where its folder cannot be made', async () => {
    writeFileSync(join(folder, 'group'), 'a file');
    expect(await open()).toBeNull();
    expect(logs).toMatchObject([{ level: 'warn' }]);
  });
});
