/**
 * When a commit fails, lmdb 3.5 also rejects promises that it hands to nobody, and Node would end
 * the process for them. The failure itself reaches the appender, which refuses the appends; so these
 * echoes, and only these, are let go. Every other unhandled rejection stays fatal.
 */
import { setTimeout as sleep } from 'node:timers/promises';

let users = 0;
/** The cause comes with the same turn; a write must not wait for ever for one that does not. */
const CAUSE_MS = 1_000;

/**
 * Why a commit failed: lmdb hides it in a promise that rejects, and that somebody must wait for, or
 * Node ends the process.
 */
export async function causeOf(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !('commitError' in error)) return error;
  try {
    await Promise.race([error.commitError, sleep(CAUSE_MS)]);
    return error;
  } catch (cause) {
    return cause;
  }
}

/** Lets go of lmdb's echoes until the answered function is called. */
export function ignoreCommitEchoes(): () => void {
  if (users === 0) process.on('unhandledRejection', refuseOthers);
  users += 1;
  return () => {
    users -= 1;
    if (users === 0) process.off('unhandledRejection', refuseOthers);
  };
}

function refuseOthers(reason: unknown): void {
  if (reason instanceof Error && 'commitError' in reason) return;
  throw reason;
}
