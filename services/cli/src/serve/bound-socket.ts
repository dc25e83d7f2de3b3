/**
 * Serving at a path of this machine that another process may serve at: what answers there is never
 * taken away, and what is taken away at the end is what was put there.
 */
import { chmodSync, renameSync, rmSync, statSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { EstopError } from '@estop/schemas/errors';

/** Nothing is there, or whoever made it is gone. */
const NOBODY: readonly string[] = ['ENOENT', 'ECONNREFUSED'];

/**
 * Resolves when the server listens there, for its owner only, with what removes the path again. Rejects
 * with `log-locked` where somebody else does.
 */
export async function bindSocket(server: Server, path: string): Promise<() => void> {
  if (await isServed(path)) {
    throw new EstopError(
      'log-locked',
      `another process serves at ${path}: stop it first, or give this one a data folder of its own (--data)`,
    );
  }
  // Whoever listens at a path removes it when it closes, whosever it is by then: not at this one.
  const own = `${path}.${process.pid}`;
  rmSync(own, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(own, resolve);
  });
  chmodSync(own, 0o600);
  const inode = inodeOf(own);
  renameSync(own, path);
  return () => {
    if (inodeOf(path) === inode) rmSync(path, { force: true });
  };
}

/** Somebody who cannot be asked may serve there, too. */
function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      resolve(!NOBODY.includes(error.code ?? ''));
    });
  });
}

function inodeOf(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats && `${stats.dev} ${stats.ino}`;
}
