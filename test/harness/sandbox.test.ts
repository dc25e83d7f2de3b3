import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openSandbox, tailOf } from './kafka/sandbox.ts';
import { commandsNaming, sandboxFolders } from './process-table.ts';

const OWNER = fileURLToPath(new URL('./sandbox-owner.ts', import.meta.url));
const GUARD = fileURLToPath(new URL('./kafka/guard.mjs', import.meta.url));
const OWNER_COMMAND = [process.execPath, '--import', 'tsx', OWNER];
const PATIENCE = { timeout: 15_000, interval: 50 };

let dir = '';

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'harness-test-'));
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

describe('a sandbox', () => {
  it('leaves no process and no folder when it is closed', async () => {
    const sandbox = await openSandbox(dir);
    const sleeper = await sandbox.run({
      command: process.execPath,
      args: ['-e', 'setInterval(() => {}, 60_000)'],
      output: join(sandbox.folder, 'out.log'),
    });
    expect(sandboxFolders(dir)).toHaveLength(1);
    await sandbox.close();
    expect(await sleeper.ended).toEqual({ code: null, signal: 'SIGKILL' });
    expect(sandboxFolders(dir)).toEqual([]);
  });

  it('tells how a process ended and keeps what it wrote', async () => {
    const sandbox = await openSandbox(dir);
    const output = join(sandbox.folder, 'out.log');
    const args = ['-e', 'console.error("it broke"); process.exit(3)'];
    const failed = await sandbox.run({ command: process.execPath, args, output });
    expect(await failed.ended).toEqual({ code: 3, signal: null });
    expect(failed.isRunning()).toBe(false);
    expect(await tailOf(output)).toContain('it broke');
    await sandbox.close();
  });

  it('refuses to run anything after it was closed', async () => {
    const sandbox = await openSandbox(dir);
    await sandbox.close();
    const run = sandbox.run({ command: 'true', args: [], output: join(dir, 'out.log') });
    await expect(run).rejects.toThrow();
  });

  it('leaves nothing when its owner is killed with SIGKILL', async () => {
    const owner = await startOwner();
    expect(sandboxFolders(dir)).toHaveLength(1);
    owner.kill('SIGKILL');
    await vi.waitFor(() => expect(leftovers()).toEqual([]), PATIENCE);
  });

  it('leaves nothing when the process that started its owner is killed with SIGKILL', async () => {
    const starter = await startOwner('sh', ['-c', '"$0" "$@"; true', ...OWNER_COMMAND]);
    expect(sandboxFolders(dir)).toHaveLength(1);
    starter.kill('SIGKILL');
    await vi.waitFor(() => expect(leftovers()).toEqual([]), PATIENCE);
  });

  it('leaves nothing when its guard is killed with SIGKILL', async () => {
    const sandbox = await openSandbox(dir);
    const sleeper = await sandbox.run({
      command: process.execPath,
      args: ['-e', 'setInterval(() => {}, 60_000)', sandbox.folder],
      output: join(sandbox.folder, 'out.log'),
    });
    killGuard();
    await sleeper.ended;
    await sandbox.close();
    await vi.waitFor(() => expect(leftovers()).toEqual([]), PATIENCE);
  });

  it('leaves nothing when its owner ends while the guard still starts', async () => {
    const guard = spawn(process.execPath, [GUARD, dir], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    guard.disconnect();
    const [code] = await once(guard, 'exit');
    expect(code).toBe(0);
    expect(sandboxFolders(dir)).toEqual([]);
  });

  it('removes what an owner and a guard that were killed together left in the folder', async () => {
    const owner = await startOwner();
    owner.kill('SIGSTOP');
    const guard = killGuard();
    owner.kill('SIGKILL');
    await vi.waitFor(() => expect(() => process.kill(guard, 0)).toThrow('ESRCH'), PATIENCE);
    expect(sandboxFolders(dir)).toHaveLength(1);
    const next = await openSandbox(dir);
    expect(sandboxFolders(dir)).toHaveLength(1);
    await next.close();
    expect(sandboxFolders(dir)).toEqual([]);
  });
});

function leftovers(): string[] {
  return [...commandsNaming(join(dir, 'estop-sandbox-')), ...sandboxFolders(dir)];
}

function killGuard(): number {
  const table = execFileSync('ps', ['-axww', '-o', 'pid=,args='], { encoding: 'utf8' });
  const guard = table.split('\n').find((line) => line.includes(`guard.mjs ${dir}`));
  const pid = Number.parseInt(guard ?? '', 10);
  process.kill(pid, 'SIGKILL');
  return pid;
}

async function startOwner(
  command: string = process.execPath,
  args: readonly string[] = OWNER_COMMAND.slice(1),
): Promise<ChildProcess> {
  const owner = spawn(command, args, {
    env: { ...process.env, TMPDIR: dir },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (owner.stdout === null) throw new Error('the owner has no stdout');
  await once(owner.stdout, 'data');
  return owner;
}
