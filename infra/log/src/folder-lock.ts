/**
 * One process per data folder. The lock is a listening socket, which the operating system releases
 * however its owner ends: a killed process leaves nothing stale behind.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, realpathSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EstopError } from '@estop/schemas/errors';

export interface FolderLock {
  release(): Promise<void>;
}

/** Takes the lock of a folder or throws `log-locked`. */
export async function lockFolder(folder: string): Promise<FolderLock> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const name = `estop-${createHash('sha256').update(realpathSync(folder)).digest('hex').slice(0, 32)}`;
  // Linux has sockets without a file; elsewhere the file of a dead owner is taken over.
  const isAbstract = process.platform === 'linux';
  const path = isAbstract ? `\0${name}` : join(tmpdir(), `${name}.sock`);
  if (!isAbstract && !(await isListening(path))) rmSync(path, { force: true });
  const server = await listen(path, folder);
  server.unref();
  return {
    release: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function listen(path: string, folder: string): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const isTaken = error.code === 'EADDRINUSE';
      const text = `another process holds ${folder}; stop it or choose another folder`;
      reject(isTaken ? new EstopError('log-locked', text, { cause: error }) : error);
    });
    server.listen(path, () => resolve(server));
  });
}

function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
