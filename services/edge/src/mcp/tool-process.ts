/**
 * A tool server as a process that can be ended for certain: it leads a process group of its own, and
 * does not outlive this process, whatever way that one ends.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { invariant } from '@estop/schemas/invariant';
import { descendantsOf } from './descendants.ts';

/** After the end of its input, until it is asked to end, and then until it must. */
const INPUT_GRACE_MS = 1_000;
const TERM_GRACE_MS = 500;
/** What has left the group may hold the output open: it is not waited for longer. */
const OUTPUT_GRACE_MS = 250;
const EXIT_NOT_FOUND = 127;
const EXIT_SIGNALLED = 128;

export interface ToolProcess {
  readonly input: Writable;
  readonly output: Readable;
  /** Resolves with the exit code when the process has ended and its output was read. */
  readonly ended: Promise<number>;
  /** Ends it and its children, now. */
  kill(): void;
  /** Ends its input, and ends it when it does not end by itself. */
  close(): void;
}

export interface ToolCommand {
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** Told why it did not start. */
  note(text: string): void;
}

export function startToolProcess({ command, env, cwd, note }: ToolCommand): ToolProcess {
  const [file, ...args] = [...dyingWithParent(), ...command];
  invariant(file !== undefined, 'there is a command');
  const child = spawn(file, args, {
    cwd,
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  });
  const { stdin: input, stdout: output } = child;
  // A write after its end says so by the end itself.
  input.on('error', () => undefined);
  const watchdog = child.pid === undefined ? undefined : startWatchdog(child.pid);
  const exited = exitOf(child, note);

  function kill(): void {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const strays = descendantsOf(child.pid);
    killGroup(child.pid);
    for (const pid of strays) sendKill(pid);
  }

  async function end(): Promise<number> {
    const code = await exited;
    if (child.pid !== undefined) killGroup(child.pid);
    watchdog?.kill('SIGKILL');
    await Promise.race([endOf(output), pause(OUTPUT_GRACE_MS, undefined, { ref: false })]);
    return code;
  }

  let isClosing = false;
  async function close(): Promise<void> {
    if (isClosing) return;
    isClosing = true;
    input.end();
    await Promise.race([exited, pause(INPUT_GRACE_MS)]);
    if (child.pid !== undefined) sendSignal(-child.pid, 'SIGTERM');
    await Promise.race([exited, pause(TERM_GRACE_MS)]);
    kill();
  }

  return { input, output, ended: end(), kill, close: () => void close() };
}

/** On Linux the kernel itself ends it with this process. */
function dyingWithParent(): readonly string[] {
  const prefix = ['setpriv', '--pdeathsig', 'KILL'];
  const [file = '', ...args] = prefix;
  const probe = spawnSync(file, [...args, 'true'], { stdio: 'ignore' });
  return probe.status === 0 ? [...prefix, '--'] : [];
}

/**
 * A shell that waits for the end of this process, which closes its input, and then ends the group.
 * The kernel's way reaches the leader of the group only.
 */
function startWatchdog(group: number): ChildProcess {
  const script = 'read -r _; kill -s KILL -- "-$1"';
  const watchdog = spawn('/bin/sh', ['-c', script, 'estop-watchdog', String(group)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    env: {},
  });
  watchdog.on('error', () => undefined);
  watchdog.unref();
  return watchdog;
}

function exitOf(child: ChildProcess, note: (text: string) => void): Promise<number> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      resolve(code ?? EXIT_SIGNALLED + (signal === null ? 0 : constants.signals[signal]));
    });
    child.once('error', (error) => {
      if (child.pid !== undefined) return;
      note(`the tool server did not start: ${error.message}`);
      resolve(EXIT_NOT_FOUND);
    });
  });
}

function endOf(output: Readable): Promise<void> {
  return new Promise((resolve) => {
    if (output.readableEnded || output.destroyed) resolve();
    output.once('close', resolve);
    output.once('end', resolve);
  });
}

function killGroup(leader: number): void {
  sendKill(-leader);
}

function sendKill(pid: number): void {
  sendSignal(pid, 'SIGKILL');
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Ended already.
  }
}
