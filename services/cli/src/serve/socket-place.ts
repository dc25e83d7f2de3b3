/**
 * Where the control sockets of a data folder lie. Paths of sockets are short: those of a longer one
 * lie in a folder of its own among the temporary files, where anybody may make a folder first.
 */
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { EstopError } from '@estop/schemas/errors';
import type { DataFolder } from '../data-folder.ts';

/** With what is added to it until it is served at, less than any system takes. */
const SOCKET_PATH_CHARS_MAX = 90;
const NAME_CHARS = 24;
const OTHERS = 0o077;

/** `control`: of the process with the gateway; `policy`: of one that decides without it. */
export type SocketName = 'control' | 'policy';

/** The path to serve at, in a folder that nobody else can write to. Throws `config-invalid`. */
export function placeForSocket(data: DataFolder, name: SocketName): string {
  const { path, isShared } = socketPlace(data, name);
  if (isShared) {
    try {
      mkdirSync(dirname(path), { mode: 0o700 });
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error;
    }
    requireOwnFolder(data, dirname(path));
  }
  return path;
}

/**
 * The path to ask at; undefined when nobody can serve there. Throws `config-invalid` where somebody
 * else could: the operator's key must not go to them.
 */
export function placeOfSocket(data: DataFolder, name: SocketName): string | undefined {
  const { path, isShared } = socketPlace(data, name);
  if (isShared && lstatSync(dirname(path), { throwIfNoEntry: false }) === undefined)
    return undefined;
  if (isShared) requireOwnFolder(data, dirname(path));
  return path;
}

function socketPlace(
  data: DataFolder,
  name: SocketName,
): { readonly path: string; readonly isShared: boolean } {
  const path = join(data.path, `${name}.sock`);
  if (path.length <= SOCKET_PATH_CHARS_MAX) return { path, isShared: false };
  const digest = createHash('sha256').update(data.path).digest('hex').slice(0, NAME_CHARS);
  return { path: join(tmpdir(), `estop-${digest}`, `${name}.sock`), isShared: true };
}

function requireOwnFolder(data: DataFolder, folder: string): void {
  const stats = lstatSync(folder);
  // Root, say, asks in the place of whoever the data folder belongs to, and serves there.
  const owners = [process.getuid?.(), statSync(data.path, { throwIfNoEntry: false })?.uid];
  const isOwn = process.getuid === undefined || owners.includes(stats.uid);
  const isClosed = process.getuid === undefined || (stats.mode & OTHERS) === 0;
  if (stats.isDirectory() && isOwn && isClosed) return;
  throw new EstopError(
    'config-invalid',
    `${folder}, where the control socket lies, is not a folder of yours with mode 0700, so that ` +
      'somebody else could listen there: remove it, or use a data folder with a shorter path',
  );
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
