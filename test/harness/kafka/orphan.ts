const POLL_MS = 500;

/**
 * Calls `action` once when the parent of this process has ended: npm, a script or a test runner
 * that was killed takes no children along. Does not keep the process alive. Returns how to call it
 * off.
 */
export function onOrphaned(action: () => void): () => void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    action();
  }, POLL_MS);
  timer.unref();
  return () => clearInterval(timer);
}
