/**
 * A socket in the data folder by which `estop verify` asks the running process on this machine: only
 * it has both the log and the live state. Who may open the folder's files may ask.
 */
import { createHash } from 'node:crypto';
import { chmodSync, rmSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PartitionVerdict } from '@estop/audit/verify';
import { messageOf } from '@estop/schemas/errors';
import type { DataFolder } from '../data-folder.ts';

/** Paths of sockets are short; a longer one stands in the folder for temporary files. */
const SOCKET_PATH_CHARS_MAX = 100;
const CONNECTIONS_MAX = 8;
/** Nobody is there, or just leaving. */
const NOBODY = ['ENOENT', 'ECONNREFUSED', 'EPIPE', 'ECONNRESET'];

export interface ControlSocket {
  close(): Promise<void>;
}

/** Serves reports to this machine until it is closed. */
export async function openControlSocket(
  data: DataFolder,
  verify: () => Promise<readonly PartitionVerdict[]>,
): Promise<ControlSocket> {
  const path = socketPath(data);
  // The lock of the data folder is held: whoever made this file is gone.
  rmSync(path, { force: true });
  const server = createServer((_request, response) => {
    verify().then(
      (verdicts) => response.end(JSON.stringify({ partitions: verdicts })),
      (error: unknown) => response.writeHead(500).end(messageOf(error)),
    );
  });
  server.maxConnections = CONNECTIONS_MAX;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  chmodSync(path, 0o600);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The answer of the running process; undefined when none runs on this data folder. */
export function askControlSocket(data: DataFolder, signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const asking = request(
      { socketPath: socketPath(data), path: '/verify', signal },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => {
          if (response.statusCode === 200) resolve(JSON.parse(text));
          else reject(new Error(text));
        });
      },
    );
    asking.on('error', (error: NodeJS.ErrnoException) => {
      if (NOBODY.includes(error.code ?? '')) resolve(undefined);
      else reject(error);
    });
    asking.end();
  });
}

function socketPath(data: DataFolder): string {
  const path = join(data.path, 'control.sock');
  if (path.length <= SOCKET_PATH_CHARS_MAX) return path;
  const name = createHash('sha256').update(data.path).digest('hex').slice(0, 32);
  return join(tmpdir(), `estop-${name}.sock`);
}
