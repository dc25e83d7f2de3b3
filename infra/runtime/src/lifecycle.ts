/**
 * The life of a process: parts start in order and stop in reverse, when asked to or when one fails.
 * A stop that takes too long ends the process at once: the log is crash-safe, so that loses nothing
 * but politeness.
 */
import { messageOf } from '@estop/schemas/errors';
import type { Logger } from './logger.ts';
import type { ProcessHost } from './stop-signal.ts';

/** How long a stop may take. */
export const GRACE_MS = 10_000;
const EXIT_FAILED = 1;

export interface Scope {
  /** Fires when the stop begins, before anything is closed. */
  readonly signal: AbortSignal;
  /** Starts a part and remembers how it stops. Rejects when the stop has begun meanwhile. */
  open<Part>(
    name: string,
    start: () => Promise<Part> | Part,
    stop: (part: Part) => Promise<void> | void,
  ): Promise<Part>;
  /** A part cannot go on: stop everything and exit with a failure. */
  fail(error: unknown): void;
}

export interface RunOptions {
  readonly logger: Logger;
  /** Asks for the stop; see createStopSignal. */
  readonly stop: AbortSignal;
  readonly host?: Pick<ProcessHost, 'exit' | 'exitCode'>;
  readonly graceMs?: number;
}

/**
 * Runs `start`, waits until a stop is asked for or a part fails, then stops what was opened, last
 * first. Resolves when all is stopped; after a failure the exit code of the process is then 1.
 */
export async function runUntilStopped(
  options: RunOptions,
  start: (scope: Scope) => Promise<void>,
): Promise<void> {
  const { logger, stop, host = process, graceMs = GRACE_MS } = options;
  const failed = new AbortController();
  const signal = AbortSignal.any([stop, failed.signal]);
  const stops: NamedStop[] = [];
  let forced: NodeJS.Timeout | undefined;

  function fail(error: unknown): void {
    logger.fatal({ err: error }, messageOf(error));
    host.exitCode = EXIT_FAILED;
    failed.abort();
  }

  const begun = fired(signal).then(() => {
    logger.info('stopping');
    forced = setTimeout(() => {
      logger.fatal({ graceMs }, 'the stop takes too long: exit');
      host.exit(EXIT_FAILED);
    }, graceMs);
  });
  try {
    await start({ signal, open: createOpen(signal, stops), fail });
  } catch (error) {
    if (!(error instanceof StopBegun)) fail(error);
  }
  await begun;
  if (!(await stopAll(stops, logger))) host.exitCode = EXIT_FAILED;
  clearTimeout(forced);
}

interface NamedStop {
  readonly name: string;
  readonly stop: () => Promise<void> | void;
}

/** A start that a stop overtook: no failure. */
class StopBegun extends Error {
  override readonly name = 'StopBegun';
}

function createOpen(signal: AbortSignal, stops: NamedStop[]): Scope['open'] {
  return async (name, start, stop) => {
    if (signal.aborted) throw new StopBegun(`${name} is not started: the process is stopping`);
    const part = await start();
    stops.push({ name, stop: () => stop(part) });
    if (signal.aborted) throw new StopBegun(`${name} is stopped again: the process is stopping`);
    return part;
  };
}

/** Stops each part even when another one cannot be stopped. Tells whether all could. */
async function stopAll(stops: readonly NamedStop[], logger: Logger): Promise<boolean> {
  let areStopped = true;
  for (const { name, stop } of stops.toReversed()) {
    try {
      await stop();
      logger.debug({ part: name }, 'stopped');
    } catch (error) {
      logger.error({ err: error, part: name }, 'could not be stopped in order');
      areStopped = false;
    }
  }
  return areStopped;
}

function fired(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
