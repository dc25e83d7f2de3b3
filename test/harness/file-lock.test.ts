import { mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withFileLock } from './kafka/file-lock.ts';

// Above the highest pid any system gives.
const DEAD_PID = 2 ** 30;

let dir = '';

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'harness-test-'));
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

describe('a file lock', () => {
  it('lets one holder in at a time', async () => {
    let inside = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, ++inside);
      for (let turns = 0; turns < 5; turns++) await turn();
      inside--;
    };
    await Promise.all([1, 2, 3].map(() => withFileLock(join(dir, 'lock'), work)));
    expect(most).toBe(1);
  });

  it('is released when the work fails', async () => {
    const failing = withFileLock(join(dir, 'lock'), () => Promise.reject(new Error('no network')));
    await expect(failing).rejects.toThrow('no network');
    expect(await readdir(dir)).toEqual([]);
  });

  it('passes over a holder that has died', async () => {
    await symlink(String(DEAD_PID), join(dir, 'lock'));
    expect(await withFileLock(join(dir, 'lock'), async () => 'done')).toBe('done');
  });
});
