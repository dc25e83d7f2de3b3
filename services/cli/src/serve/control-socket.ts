/**
 * A socket in the data folder by which this machine reaches the running process: `estop verify` asks
 * the one that decides, since only it has both the log and the live state, and `estop halt` stops by
 * the one with the gateway when nothing else answers. Who may open the folder's files may ask; who stops also shows the operator's key.
 */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { PartitionVerdict } from '@estop/audit/verify';
import { messageOf } from '@estop/schemas/errors';
import type { DataFolder } from '../data-folder.ts';
import { bindSocket } from './bound-socket.ts';
import { placeForSocket, placeOfSocket, type SocketName } from './socket-place.ts';

const CONNECTIONS_MAX = 8;
const BODY_BYTES_MAX = 64 * 1024;
/** Nobody is there, or just leaving. */
const NOBODY = ['ENOENT', 'ECONNREFUSED', 'EPIPE', 'ECONNRESET'];

export interface ControlSocket {
  close(): Promise<void>;
}

export interface ControlHandlers {
  verify(): Promise<readonly PartitionVerdict[]>;
  /** Stops what a request of `POST /v1/halts` names; null: no gateway runs here. */
  readonly halt: ((key: string, body: unknown) => Promise<ControlAnswer>) | null;
}

export interface ControlAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** Serves this machine until it is closed. Rejects with `log-locked` where another process does. */
export async function openControlSocket(
  data: DataFolder,
  name: SocketName,
  handlers: ControlHandlers,
): Promise<ControlSocket> {
  const path = placeForSocket(data, name);
  const server = createServer((asked, response) => {
    answer(asked, handlers).then(
      ({ status, body }) => send(response, status, body),
      (error: unknown) => send(response, 500, { detail: messageOf(error) }),
    );
  });
  server.maxConnections = CONNECTIONS_MAX;
  const unbind = await bindSocket(server, path);
  return {
    close: () =>
      new Promise((resolve) => {
        unbind();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(asked: IncomingMessage, handlers: ControlHandlers): Promise<ControlAnswer> {
  if (asked.url === '/verify')
    return { status: 200, body: { partitions: await handlers.verify() } };
  if (asked.url !== '/halt') return { status: 404, body: { detail: 'there is no such request' } };
  if (handlers.halt === null) return { status: 404, body: { detail: 'no gateway runs here' } };
  const key = (asked.headers.authorization ?? '').replace(/^Bearer /, '');
  return handlers.halt(key, JSON.parse(await readBody(asked)));
}

async function readBody(asked: IncomingMessage): Promise<string> {
  let text = '';
  for await (const piece of asked.setEncoding('utf8')) {
    text += piece;
    if (text.length > BODY_BYTES_MAX) throw new Error('the request is too large');
  }
  return text;
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

export interface ControlRequest {
  readonly path: '/verify' | '/halt';
  readonly key?: string;
  readonly body?: unknown;
  readonly signal: AbortSignal;
}

/** In this order: beside a process that only decides, the one with the gateway has no live state. */
const ASKED: Readonly<Record<ControlRequest['path'], readonly SocketName[]>> = {
  '/verify': ['policy', 'control'],
  '/halt': ['control'],
};

/**
 * The answer of the running process; undefined when none runs on this data folder. Rejects with
 * `config-invalid` where somebody else may listen.
 */
export async function askControlSocket(
  data: DataFolder,
  asked: ControlRequest,
): Promise<ControlAnswer | undefined> {
  for (const name of ASKED[asked.path]) {
    const place = placeOfSocket(data, name);
    const answered = place === undefined ? undefined : await ask(place, asked);
    if (answered !== undefined) return answered;
  }
  return undefined;
}

function ask(
  place: string,
  { path, key, body, signal }: ControlRequest,
): Promise<ControlAnswer | undefined> {
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
  return new Promise((resolve, reject) => {
    const options = { socketPath: place, path, method: 'POST', headers, signal };
    const asking = request(options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        text += piece;
      });
      response.on('error', reject);
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 500, body: JSON.parse(text) });
      });
    });
    asking.on('error', (error: NodeJS.ErrnoException) => {
      if (NOBODY.includes(error.code ?? '')) resolve(undefined);
      else reject(error);
    });
    asking.end(body === undefined ? '' : JSON.stringify(body));
  });
}
