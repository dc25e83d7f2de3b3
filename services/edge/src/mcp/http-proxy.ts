/**
 * The MCP proxy in front of a tool server that speaks streamable HTTP, of both eras: POST with an
 * answer as JSON or as a stream, and of 2025-11-25 also the GET stream and DELETE of a session.
 */
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DoorToken } from '../door-token.ts';
import type { EnforcementPoint } from '../point.ts';
import { Gate } from './gate.ts';
import { HttpExchange } from './http-exchange.ts';
import { isForeign, isLoopback } from './http-headers.ts';
import type { RelayDeps, Upstream } from './http-relay.ts';
import type { ServerPins } from './server-pins.ts';

/** The largest message that passes, in either direction. */
const MESSAGE_BYTES_MAX = 64 * 1024 * 1024;
/** Requests and streams that are open at a time. */
const EXCHANGES_MAX = 1_024;

export interface HttpProxyOptions {
  readonly point: EnforcementPoint;
  readonly pins: ServerPins;
  readonly upstream: Upstream;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Origins of pages that may use it, beside those of this machine. */
  readonly origins: readonly string[];
  /** What clients must show; null asks for nothing, which only a door of this machine may. */
  readonly token: DoorToken | null;
  /** One line for people. */
  note(text: string): void;
}

export interface HttpProxy {
  readonly port: number;
  close(): Promise<void>;
}

export async function startHttpProxy(options: HttpProxyOptions): Promise<HttpProxy> {
  const { point, pins, upstream, host, port, origins, token, note } = options;
  if (token === null && !isLoopback(host)) {
    throw new Error(`${host} is not this machine alone: clients must show a token there`);
  }
  const deps: RelayDeps = { upstream, pins, note, bytesMax: MESSAGE_BYTES_MAX };
  const gate = new Gate(point, pins);
  const open = new Map<ServerResponse, HttpExchange>();
  const rules = { isLocal: isLoopback(host), origins };

  function take(request: IncomingMessage, response: ServerResponse): void {
    if (isForeign(request.headers, rules)) return deny(response, 403);
    if (request.url?.startsWith('/.well-known/')) return deny(response, 404);
    const challenge = token?.challenge(request.headers);
    if (challenge !== undefined) return deny(response, 401, { 'www-authenticate': challenge });
    if (!['POST', 'GET', 'DELETE'].includes(request.method ?? '')) return deny(response, 405);
    if (open.size >= EXCHANGES_MAX) return deny(response, 503);
    const others = () => open.values();
    const exchange = new HttpExchange({ deps, gate, request, response, others });
    open.set(response, exchange);
    response.once('close', () => {
      open.delete(response);
      exchange.clientGone();
    });
    void exchange.run();
  }

  const server = createServer(take);
  point.onKill((why) => {
    note(`open streams were closed: ${why}`);
    for (const exchange of open.values()) exchange.kill(why);
  });
  await listen(server, host, port);
  const { port: bound } = server.address() as AddressInfo;
  return {
    port: bound,
    async close() {
      gate.close();
      await close(server);
    },
  };
}

function deny(response: ServerResponse, status: number, headers: OutgoingHttpHeaders = {}): void {
  response.writeHead(status, { 'content-type': 'text/plain', ...headers }).end();
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
