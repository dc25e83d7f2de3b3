// A Java server in a sandbox: start, wait until it is ready, take its log along in errors.
import { setTimeout as delay } from 'node:timers/promises';
import { type Sandbox, type SandboxProcess, tailOf } from './sandbox.ts';

const POLL_MS = 50;
const MAX_START_MS = 120_000;
const MAX_START_ATTEMPTS = 3;

export type JavaServer = {
  readonly title: string;
  readonly java: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly output: string;
  readonly isReady: () => Promise<boolean>;
};

/** Another process took a port between the search for a free one and its use. */
class PortTakenError extends Error {
  override readonly name = 'PortTakenError';
}

/**
 * Starts the server and resolves when it is ready. Throws with the end of its log when it ends
 * before that, or is not ready within two minutes.
 */
export async function startJavaServer(
  sandbox: Sandbox,
  server: JavaServer,
): Promise<SandboxProcess> {
  const { java: command, args, cwd, output } = server;
  const started = await sandbox.run({ command, args, cwd, output });
  const deadlineMs = Date.now() + MAX_START_MS;
  while (!(await server.isReady())) {
    if (!started.isRunning()) throw await startError(server, 'ended while starting');
    if (Date.now() > deadlineMs) throw await startError(server, 'did not become ready');
    await delay(POLL_MS);
  }
  return started;
}

/** Repeats `start`, which chooses its ports anew, when one of them was taken meanwhile. */
export async function retryWhenPortTaken<T>(start: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start();
    } catch (error) {
      if (!(error instanceof PortTakenError) || attempt === MAX_START_ATTEMPTS) throw error;
    }
  }
}

async function startError(server: JavaServer, what: string): Promise<Error> {
  const tail = await tailOf(server.output);
  const message = `${server.title} ${what}; the end of its log:\n${tail}`;
  const isPortTaken = /Address already in use|BindException|already bound/.test(tail);
  return isPortTaken ? new PortTakenError(message) : new Error(message);
}
