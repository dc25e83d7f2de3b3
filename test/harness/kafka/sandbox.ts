// A sandbox: one temporary folder and the processes working in it, which all end with their owner.
// The work is done by guard.mjs, a process of its own; see there for how it outlives a crash.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { onOrphaned } from './orphan.ts';

const GUARD_FILE = fileURLToPath(new URL('./guard.mjs', import.meta.url));

type ProcessEnd = { readonly code: number | null; readonly signal: string | null };

export type SandboxProcess = {
  readonly pid: number;
  /** Resolves when the process has ended, in whatever way; never rejects. */
  readonly ended: Promise<ProcessEnd>;
  isRunning(): boolean;
};

type RunOptions = {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** File that stdout and stderr are appended to. */
  readonly output: string;
};

export type Sandbox = {
  /** A fresh folder, removed on close. */
  readonly folder: string;
  run(options: RunOptions): Promise<SandboxProcess>;
  /** Kills every process and removes the folder; resolves when nothing is left. */
  close(): Promise<void>;
};

type GuardMessage =
  | { readonly kind: 'ready'; readonly folder: string }
  | { readonly kind: 'started'; readonly id: number; readonly pid: number }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string }
  | ({ readonly kind: 'exited'; readonly id: number } & ProcessEnd);

type Run = {
  pid?: number;
  readonly started: (pid: number) => void;
  readonly failed: (error: Error) => void;
  readonly ended: (end: ProcessEnd) => void;
};

/**
 * Opens a sandbox whose folder lies in `parentDir` (default: the system's temporary directory).
 * Closes by itself when the owner, or the owner's parent, ends. Throws when the guard cannot start.
 */
export async function openSandbox(parentDir: string = tmpdir()): Promise<Sandbox> {
  const guard = startGuard(parentDir);
  const guardEnded = new Promise<void>((resolve) => guard.once('exit', () => resolve()));
  const runs = new Map<number, Run>();
  const folder = await listen(guard, runs);
  // The worker of a test runner that was killed goes on for a while: what it had started does not.
  const callOff = onOrphaned(() => void close());
  let nextId = 1;

  function run({ command, args, cwd = folder, output }: RunOptions): Promise<SandboxProcess> {
    const id = nextId++;
    const started = track(runs, id);
    guard.send({ id, command, args, cwd, output }, (error) => {
      if (error === null) return;
      runs.get(id)?.failed(error);
      runs.delete(id);
    });
    return started;
  }

  async function close(): Promise<void> {
    callOff();
    if (guard.connected) guard.disconnect();
    await guardEnded;
    // Only a guard that was killed leaves the folder behind.
    await rm(folder, { recursive: true, force: true });
  }

  return { folder, run, close };
}

/** Last lines of a log file for error messages; empty when there is no such file. */
export async function tailOf(file: string, lineCount = 40): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-lineCount).join('\n');
}

function startGuard(parentDir: string): ChildProcess {
  // Loaders and debuggers of the owner are not the guard's; a group of its own keeps Ctrl-C away.
  const { NODE_OPTIONS: _, ...env } = process.env;
  return spawn(process.execPath, [GUARD_FILE, parentDir], {
    cwd: parentDir,
    detached: true,
    env,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}

function listen(guard: ChildProcess, runs: Map<number, Run>): Promise<string> {
  return new Promise((resolve, reject) => {
    guard.on('message', (message) => {
      const told = message as GuardMessage;
      if (told.kind === 'ready') resolve(told.folder);
      else dispatch(told, runs);
    });
    guard.once('error', reject);
    guard.once('exit', () => {
      reject(new Error('the guard of the sandbox ended before it was ready'));
      for (const run of runs.values()) {
        if (run.pid !== undefined) killGroup(run.pid);
        run.failed(new Error('the sandbox is closed'));
        run.ended({ code: null, signal: 'SIGKILL' });
      }
      runs.clear();
    });
  });
}

function dispatch(
  told: Exclude<GuardMessage, { readonly kind: 'ready' }>,
  runs: Map<number, Run>,
): void {
  const run = runs.get(told.id);
  if (run === undefined) return;
  if (told.kind === 'started') {
    run.pid = told.pid;
    run.started(told.pid);
    return;
  }
  runs.delete(told.id);
  if (told.kind === 'failed') run.failed(new Error(told.message));
  else run.ended({ code: told.code, signal: told.signal });
}

/** For the children of a guard that was itself killed. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Already gone.
  }
}

function track(runs: Map<number, Run>, id: number): Promise<SandboxProcess> {
  let running = true;
  let end: (end: ProcessEnd) => void = () => {};
  const ended = new Promise<ProcessEnd>((resolve) => {
    end = (how) => {
      running = false;
      resolve(how);
    };
  });
  return new Promise((resolve, reject) => {
    runs.set(id, {
      started: (pid) => resolve({ pid, ended, isRunning: () => running }),
      failed: reject,
      ended: end,
    });
  });
}
