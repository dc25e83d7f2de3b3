/** The HTTP door in this process, and tool servers behind it. */
import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { DoorToken } from '../../src/door-token.ts';
import { startHttpProxy } from '../../src/mcp/http-proxy.ts';
import { PinFile } from '../../src/mcp/pin-file.ts';
import { ServerPins } from '../../src/mcp/server-pins.ts';
import type { FakePoint } from './fake-point.ts';

export const MODERN_SERVER = join(import.meta.dirname, 'modern-server.mjs');

export interface DoorOptions {
  readonly upstream: string;
  readonly point: FakePoint;
  readonly folder?: string;
  readonly origins?: readonly string[];
  readonly token?: string;
  readonly host?: string;
}

export interface Door {
  readonly url: string;
  readonly notes: readonly string[];
}

export async function startDoor(options: DoorOptions): Promise<Door> {
  const { upstream, point, origins = [], token } = options;
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'estop-door-'));
  const notes: string[] = [];
  const note = (text: string) => void notes.push(text);
  const proxy = await startHttpProxy({
    point,
    pins: new ServerPins('box', new PinFile(folder), note),
    upstream: { url: new URL(upstream), headers: { authorization: 'Bearer real' } },
    host: options.host ?? '127.0.0.1',
    port: 0,
    origins,
    token: token === undefined ? null : new DoorToken(token),
    note,
  });
  onTestFinished(() => proxy.close());
  return { url: `http://127.0.0.1:${proxy.port}/mcp`, notes };
}

export async function startModernServer(): Promise<string> {
  const child = spawn(process.execPath, [MODERN_SERVER], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  for await (const port of createInterface({ input: child.stdout })) {
    return `http://127.0.0.1:${port}/mcp`;
  }
  throw new Error('the server did not start');
}

export interface Received {
  readonly method: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A tool server that a test scripts, and that keeps what it was sent. */
export async function startScripted(
  answer: (received: Received, response: ServerResponse) => void,
): Promise<{ readonly url: string; readonly received: Received[] }> {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const { method = '', headers } = request;
    const one = { method, headers, body };
    received.push(one);
    answer(one, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`, received };
}
