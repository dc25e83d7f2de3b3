import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DataFolder } from '../src/data-folder.ts';
import { askControlSocket, openControlSocket } from '../src/serve/control-socket.ts';

let temporary: string;
let data: DataFolder;

beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), 'estop-'));
  vi.stubEnv('TMPDIR', temporary);
  const path = join(temporary, 'd'.repeat(120));
  mkdirSync(path);
  data = { path, keyFile: join(path, 'operator.key'), addressFile: join(path, 'address') };
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(temporary, { recursive: true, force: true });
});

const HANDLERS = { verify: async () => [], halt: null };
const ask = () => askControlSocket(data, { path: '/verify', signal: AbortSignal.timeout(5_000) });
const socketFolder = (): string => {
  const name = readdirSync(temporary).find((one) => one.startsWith('estop-'));
  return join(temporary, name ?? 'none');
};

describe('the control socket of a data folder with a long path', () => {
  it('lies in a folder that is for its owner only', async () => {
    expect(await ask()).toBeUndefined();
    const socket = await openControlSocket(data, HANDLERS);
    expect(statSync(socketFolder()).mode & 0o777).toBe(0o700);
    expect(await ask()).toEqual({ status: 200, body: { partitions: [] } });
    await socket.close();
    expect(await ask()).toBeUndefined();
    const again = await openControlSocket(data, HANDLERS);
    await again.close();
  });

  it('is neither opened nor asked in a folder that others can write to', async () => {
    const socket = await openControlSocket(data, HANDLERS);
    chmodSync(socketFolder(), 0o777);
    const problem = 'is not a folder of yours with mode 0700';
    await expect(ask()).rejects.toThrow(problem);
    await socket.close();
    await expect(openControlSocket(data, HANDLERS)).rejects.toThrow(problem);
  });
});
