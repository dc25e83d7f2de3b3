import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedLog } from '@estop/log/embedded/embedded-log';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

const SCRIPT = join(import.meta.dirname, 'append-until-stopped.ts');
const NODE_ARGS = ['--import', 'tsx', '--conditions=@estop/source', SCRIPT];

/** Far more than others write to the disk meanwhile; less where little is free. */
const FILL_BYTES_MAX = 384 * 1024 * 1024;

let path: string;

beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'estop-durable-'));
});

afterEach(() => rmSync(path, { recursive: true, force: true }));

/** Runs the script by a shell command around it; answers the lines it printed. */
async function appendUntil(
  command: readonly [string, ...string[]],
  onLines: (lines: readonly string[], child: ChildProcess) => void,
): Promise<readonly string[]> {
  const [program, ...args] = command;
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  const lines = () => text.split('\n').slice(0, -1);
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk;
    onLines(lines(), child);
  });
  await new Promise((resolve) => child.once('close', resolve));
  return lines();
}

async function lengthAndAppend(): Promise<{ length: number; next: number; readable: number }> {
  const log = await openEmbeddedLog({ path, partitions: 2 });
  try {
    const length = await log.endOffset('intents.v1', 1);
    const { baseOffset } = await log.append('intents.v1', 1, [
      { key: 'k', value: Buffer.from('x') },
    ]);
    let readable = 0;
    for (let fromOffset = 0; fromOffset < length; ) {
      const batch = await log.read('intents.v1', 1, { fromOffset, maxRecords: 500 });
      readable += batch.records.length;
      fromOffset = batch.nextOffset;
    }
    return { length, next: baseOffset, readable };
  } finally {
    await log.close();
  }
}

describe('an embedded log', () => {
  it('has everything it acknowledged after kill -9, whole batches only, and goes on', async () => {
    const printed = await appendUntil([process.execPath, ...NODE_ARGS, path], (lines, child) => {
      if (lines.length > 30) child.kill('SIGKILL');
    });
    const acknowledged = Number(printed.at(-1));
    const { length, next, readable } = await lengthAndAppend();
    expect(length).toBeGreaterThanOrEqual(acknowledged);
    expect(length % 20).toBe(0);
    expect(next).toBe(length);
    expect(readable).toBeGreaterThanOrEqual(length);
  });

  it('takes nothing any more after a write that failed, and has lost nothing', async () => {
    // A soft limit on the file size: writes beyond it fail as those to a broken disk do.
    const shell = `trap '' XFSZ; ulimit -S -f 4096; exec "$@"`;
    const command = ['bash', '-c', shell, 'bash', process.execPath, ...NODE_ARGS, path] as const;
    const printed = await appendUntil(command, () => undefined);
    const refusedAt = printed.indexOf('log-unavailable');
    const before = Number(printed[refusedAt - 1]);
    expect(printed.slice(refusedAt + 1)).toEqual([
      'ping log-unavailable',
      'again log-unavailable',
      'told 1',
    ]);
    expect(await lengthAndAppend()).toMatchObject({ length: before, next: before });
  });

  it('refuses while the disk is full, and goes on by itself when there is room', async () => {
    const { bavail, bsize } = statfsSync(path);
    const freeBytes = bavail * bsize;
    const fillBytes = Math.min(FILL_BYTES_MAX, Math.floor(freeBytes / 4));
    const diskReserveBytes = freeBytes - fillBytes / 2;
    const log = await openEmbeddedLog({ path: join(path, 'log'), partitions: 2, diskReserveBytes });
    const append = () => log.append('intents.v1', 1, [{ key: 'k', value: Buffer.from('x') }]);
    const full = {
      code: 'log-unavailable',
      message: expect.stringMatching(/the disk is full: \d+ MiB are free/),
    };
    expect((await append()).baseOffset).toBe(0);
    execFileSync('fallocate', ['-l', `${fillBytes}`, join(path, 'filled')]);
    await vi.waitFor(() => expect(append()).rejects.toMatchObject(full));
    await expect(log.ping()).rejects.toMatchObject(full);
    const end = await log.endOffset('intents.v1', 1);
    rmSync(join(path, 'filled'));
    await vi.waitFor(() => log.ping());
    expect((await append()).baseOffset).toBe(end);
    await log.close();
  });

  it('is held by one process at a time', async () => {
    const log = await openEmbeddedLog({ path, partitions: 2 });
    await expect(openEmbeddedLog({ path, partitions: 2 })).rejects.toMatchObject({
      code: 'log-locked',
    });
    await log.close();
    await (await openEmbeddedLog({ path, partitions: 2 })).close();
  });

  it('refuses another partition count than it was created with, naming both', async () => {
    await (await openEmbeddedLog({ path, partitions: 2 })).close();
    await expect(openEmbeddedLog({ path, partitions: 3 })).rejects.toMatchObject({
      code: 'config-invalid',
      message: expect.stringMatching(/2 partitions.*asks for 3/),
    });
  });
});
