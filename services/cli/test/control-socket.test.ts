import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
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

describe('the control sockets of a data folder', () => {
  const GATEWAY = {
    verify: async () => [],
    halt: async () => ({ status: 202, body: {} }),
  };
  const stop = () => {
    const signal = AbortSignal.timeout(5_000);
    return askControlSocket(data, { path: '/halt', key: 'k', body: {}, signal });
  };

  it('leave the gateway its own, whoever else starts and stops there', async () => {
    const gateway = await openControlSocket(data, 'control', GATEWAY);
    const policy = await openControlSocket(data, 'policy', HANDLERS);
    expect(await stop()).toMatchObject({ status: 202 });
    const problem = 'another process serves at';
    await expect(openControlSocket(data, 'control', GATEWAY)).rejects.toThrow(problem);
    await policy.close();
    expect(await stop()).toMatchObject({ status: 202 });
    expect(await ask()).toMatchObject({ status: 200 });
    await gateway.close();
    expect(await stop()).toBeUndefined();
  });

  it('are asked to verify where the live state is', async () => {
    const verdict = { records: 1, voidRecords: 0, head: 'ab', stateHash: 'cd', problem: null };
    const verify = async () => [{ ...verdict, partition: 0, isLive: true }];
    const gateway = await openControlSocket(data, 'control', GATEWAY);
    const policy = await openControlSocket(data, 'policy', { verify, halt: null });
    expect(await ask()).toMatchObject({ body: { partitions: [{ isLive: true }] } });
    await policy.close();
    await gateway.close();
  });

  it('take the place of one whose process was killed, and leave that of another to it', async () => {
    const gone = await openControlSocket(data, 'control', GATEWAY);
    const path = join(socketFolder(), 'control.sock');
    renameSync(path, `${path}.kept`);
    await gone.close();
    renameSync(`${path}.kept`, path);
    const first = await openControlSocket(data, 'control', GATEWAY);
    renameSync(path, `${path}.kept`);
    const second = await openControlSocket(data, 'control', GATEWAY);
    await first.close();
    expect(await stop()).toMatchObject({ status: 202 });
    await second.close();
    expect(await stop()).toBeUndefined();
  });
});

describe('the control socket of a data folder with a long path', () => {
  it('lies in a folder that is for its owner only', async () => {
    expect(await ask()).toBeUndefined();
    const socket = await openControlSocket(data, 'control', HANDLERS);
    expect(statSync(socketFolder()).mode & 0o777).toBe(0o700);
    expect(await ask()).toEqual({ status: 200, body: { partitions: [] } });
    await socket.close();
    expect(await ask()).toBeUndefined();
    const again = await openControlSocket(data, 'control', HANDLERS);
    await again.close();
  });

  it('is neither opened nor asked in a folder that others can write to', async () => {
    const socket = await openControlSocket(data, 'control', HANDLERS);
    chmodSync(socketFolder(), 0o777);
    const problem = 'is not a folder of yours with mode 0700';
    await expect(ask()).rejects.toThrow(problem);
    await socket.close();
    await expect(openControlSocket(data, 'control', HANDLERS)).rejects.toThrow(problem);
  });
});
