/**
 * When a commit fails, lmdb 3.5 also rejects promises that it hands to nobody, and Node would end
 * the process for them. The failure itself reaches the appender, which refuses the appends; so these
 * echoes, and only these, are let go. Every other unhandled rejection stays fatal.
 */
let users = 0;

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
