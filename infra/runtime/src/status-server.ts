/**
 * /livez, /readyz and /metrics for a process that serves nothing else, so that every container is
 * watched in the same way. The gateway has these routes among its own.
 */
import { createServer, type Server, type ServerResponse } from 'node:http';
import { EstopError, messageOf } from '@estop/schemas/errors';
import type { Health, HealthReport } from './health.ts';
import type { Metrics } from './metrics.ts';

export interface StatusServer {
  /** The port in use; the chosen one when 0 was asked for. */
  readonly port: number;
  close(): Promise<void>;
}

export interface StatusServerOptions {
  readonly host: string;
  readonly port: number;
  readonly health: Health;
  readonly metrics: Metrics;
}

const CONNECTIONS_MAX = 64;

/** Throws EstopError `config-invalid` when the address cannot be listened on. */
export async function startStatusServer(options: StatusServerOptions): Promise<StatusServer> {
  const server = createServer((request, response) => {
    answer(request.url ?? '/', response, options).catch(() => response.destroy());
  });
  server.maxConnections = CONNECTIONS_MAX;
  await listen(server, options);
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    close: () => closeServer(server),
  };
}

async function answer(
  path: string,
  response: ServerResponse,
  { health, metrics }: StatusServerOptions,
): Promise<void> {
  if (path === '/livez') return sendReport(response, await health.live());
  if (path === '/readyz') return sendReport(response, await health.ready());
  if (path === '/metrics') {
    const { contentType, text } = await metrics.expose();
    response.writeHead(200, { 'content-type': contentType }).end(text);
    return;
  }
  response.writeHead(404).end();
}

function sendReport(response: ServerResponse, report: HealthReport): void {
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
  response.writeHead(report.ok ? 200 : 503, headers).end(JSON.stringify(report));
}

function listen(server: Server, { host, port }: StatusServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const problem = `cannot listen on ESTOP_HOST ${host}, ESTOP_PORT ${port}: ${messageOf(error)}`;
      reject(new EstopError('config-invalid', problem, { cause: error }));
    });
    server.listen({ host, port }, resolve);
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
