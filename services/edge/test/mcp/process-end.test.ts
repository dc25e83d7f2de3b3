/** How the tool server ends, with real processes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';

const PROXY = join(import.meta.dirname, 'proxy-process.ts');
const WAIT = { timeout: 15_000, interval: 5 };

/** A tool server that has started a child, and a child that has left its group. Nothing ends them. */
const FAMILY = `
  trap '' TERM HUP
  (trap '' TERM HUP; while :; do sleep 1; done) & echo $! >> "$PIDS"
  setsid sh -c 'echo $$ >> "$PIDS"; while :; do sleep 1; done' &
  echo $$ >> "$PIDS"
  while :; do sleep 1; done
`;

interface Family {
  readonly proxy: ChildProcess;
  readonly ended: Promise<number | null>;
  pids(): readonly number[];
}

async function startFamily(script = FAMILY, members = 3): Promise<Family> {
  const folder = mkdtempSync(join(tmpdir(), 'estop-family-'));
  const file = join(folder, 'pids');
  const node = ['--import', 'tsx', '--conditions=@estop/source', PROXY];
  const proxy = spawn(process.execPath, [...node, folder, 'box', 'sh', '-c', script], {
    env: { ...process.env, PIDS: file },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve) => {
    proxy.once('exit', (code) => resolve(code));
  });
  const pids = () =>
    existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean).map(Number) : [];
  onTestFinished(async () => {
    proxy.kill('SIGKILL');
    await ended;
    for (const pid of pids().filter(isAlive)) process.kill(pid, 'SIGKILL');
  });
  await vi.waitFor(() => expect(pids()).toHaveLength(members), WAIT);
  return { proxy, ended, pids };
}

function isAlive(pid: number): boolean {
  try {
    // A process that has ended and was not asked for yet still has an entry.
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

describe.runIf(process.platform === 'linux')('a tool server with children', () => {
  it('ends with all of them by a kill', async () => {
    const { proxy, ended, pids } = await startFamily();
    expect(pids().every(isAlive)).toBe(true);
    proxy.kill('SIGUSR2');
    expect(await ended).toBe(137);
    await vi.waitFor(() => expect(pids().filter(isAlive)).toEqual([]), WAIT);
  });

  it('ends with its group when the proxy is killed', async () => {
    const { proxy, ended, pids } = await startFamily(FAMILY.replace(/ {2}setsid.*\n/, ''), 2);
    proxy.kill('SIGKILL');
    await ended;
    await vi.waitFor(() => expect(pids().filter(isAlive)).toEqual([]), WAIT);
  });

  it('ends when its input has ended, though it does not listen', async () => {
    const { proxy, ended, pids } = await startFamily();
    proxy.stdin?.end();
    expect(await ended).toBe(137);
    await vi.waitFor(() => expect(pids().filter(isAlive)).toEqual([]), WAIT);
  });

  it('ends by a kill though the client reads nothing of what it writes', async () => {
    const flood =
      'echo $$ >> "$PIDS"; while :; do echo "{\\"jsonrpc\\":\\"2.0\\",\\"method\\":\\"n\\"}"; done';
    const { proxy, ended, pids } = await startFamily(flood, 1);
    await vi.waitFor(() => expect(proxy.stdout?.readableLength).toBeGreaterThan(0), WAIT);
    proxy.kill('SIGUSR2');
    await vi.waitFor(() => expect(pids().filter(isAlive)).toEqual([]), WAIT);
    proxy.stdout?.resume();
    expect(await ended).toBe(137);
  });
});
