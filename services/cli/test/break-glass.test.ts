import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gatewayConfig } from '@estop/gateway/config';
import { createGateway, type Gateway } from '@estop/gateway/main';
import { MemoryLog } from '@estop/log/memory-log';
import { systemClock } from '@estop/runtime/clock';
import { readConfig } from '@estop/runtime/config';
import { createHealth } from '@estop/runtime/health';
import { createMemoryLogger } from '@estop/runtime/logger';
import { createMetrics } from '@estop/runtime/metrics';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type DataFolder, readTextFile } from '../src/data-folder.ts';
import { breakGlass } from '../src/serve/break-glass.ts';
import {
  askControlSocket,
  type ControlSocket,
  openControlSocket,
} from '../src/serve/control-socket.ts';
import { ensureOperatorKey } from '../src/serve/operator-key.ts';
import { unwrittenFile } from '../src/serve/unwritten-file.ts';
import { runLine } from './memory-io.ts';

const VARIABLES = [
  'ESTOP_HOST',
  'ESTOP_PORT',
  'ESTOP_PEERS',
  'ESTOP_JWT_ISSUER',
  'ESTOP_JWT_JWKS_URL',
  'ESTOP_JWT_AUDIENCE',
] as const;

let path: string;
let gateway: Gateway;
let socket: ControlSocket;

function folderAt(path: string): DataFolder {
  const [keyFile, addressFile] = [join(path, 'operator.key'), join(path, 'address')];
  return { path, keyFile, addressFile };
}

beforeEach(async () => {
  path = mkdtempSync(join(tmpdir(), 'estop-glass-'));
  const data = folderAt(path);
  const log = new MemoryLog();
  // Kafka that neither takes nor refuses anything.
  log.publish = () => new Promise(() => undefined);
  const { logger } = createMemoryLogger();
  const operator = ensureOperatorKey(data, null);
  const secrets = { operatorKeyHash: operator.hash, permitSecret: Buffer.alloc(32), peerKey: null };
  gateway = createGateway({
    ...{ log, logger, clock: systemClock, metrics: createMetrics(), health: createHealth() },
    config: gatewayConfig(readConfig(VARIABLES, {}), secrets),
    checkFleet: () => Promise.reject(new Error('no fleet here')),
    unwritten: unwrittenFile(path, logger),
    groups: [],
  });
  // It never listens: there is no HTTP at all.
  const halt = (key: string, body: unknown) => breakGlass(gateway, operator.hash, { key, body });
  socket = await openControlSocket(data, 'control', { verify: async () => [], halt });
});

afterEach(async () => {
  await socket.close();
  await gateway.close();
  rmSync(path, { recursive: true, force: true });
});

it('the socket halts where there is no HTTP and the log does not answer, and keeps that', async () => {
  const args = ['halt', '--fleet', '--mode', 'kill', '--socket', '--data', path, '-o', 'json'];
  const ran = await runLine(args);
  expect(ran).toMatchObject({ exitCode: 0 });
  const { id } = JSON.parse(ran.out);
  const kept = unwrittenFile(path, createMemoryLogger().logger).load();
  expect(kept).toMatchObject([{ haltId: id, mode: 'kill', by: 'operator@local' }]);
});

it('a span that cannot be read is told before anything is halted', async () => {
  for (const option of ['--for', '--wait']) {
    const args = ['halt', '--fleet', '--socket', '--data', path, option, '30x'];
    const ran = await runLine(args);
    expect(ran.exitCode).toBe(2);
    expect(ran.err).toContain(`${option} 30x is no span of time`);
  }
  const key = readTextFile(join(path, 'operator.key')) ?? '';
  const body = { scope: { fleet: true }, mode: 'pause', for: '30x' };
  const signal = AbortSignal.timeout(5_000);
  const answer = await askControlSocket(folderAt(path), { path: '/halt', key, body, signal });
  expect(answer).toEqual({
    status: 422,
    body: { detail: '`for` is a number with a unit, such as 30s, 15m, 2h or 7d' },
  });
  expect(unwrittenFile(path, createMemoryLogger().logger).load()).toEqual([]);
});

it('a wait that cannot be read keeps nobody from halting', async () => {
  const key = readTextFile(join(path, 'operator.key')) ?? '';
  const body = { scope: { fleet: true }, mode: 'pause', wait: '30x' };
  const signal = AbortSignal.timeout(5_000);
  const answer = await askControlSocket(folderAt(path), { path: '/halt', key, body, signal });
  expect(answer).toMatchObject({ status: 202 });
});
