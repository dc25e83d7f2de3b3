/** Waiting for records, the same way in every adapter. */
import { EstopError } from '@estop/schemas/errors';

/** Calls back at the next event until the answered function is called. */
export type Subscribe = (waiter: () => void) => () => void;

/** Until one of the sources calls back, the time is over, or the signal fires. */
export function untilAny(
  sources: readonly Subscribe[],
  { signal, waitMs }: { readonly signal: AbortSignal; readonly waitMs?: number },
): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const stops = sources.map((subscribe) => subscribe(done));
    const timer = waitMs === undefined ? undefined : setTimeout(done, waitMs);
    signal.addEventListener('abort', done);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      for (const stop of stops) stop();
      resolve();
    }
  });
}

/**
 * Until a follower is where it is wanted; asked at every arrival. Rejects with `log-closed` when
 * the follower ends before.
 */
export function untilArrived(
  isThere: () => boolean,
  { arrivals, signal }: { readonly arrivals: Set<() => void>; readonly signal: AbortSignal },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const check = () => {
      if (!isThere()) return;
      arrivals.delete(check);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const end = () => {
      arrivals.delete(check);
      reject(new EstopError('log-closed', 'the follower has ended'));
    };
    if (signal.aborted) return end();
    arrivals.add(check);
    signal.addEventListener('abort', end, { once: true });
    check();
  });
}
