/** The era of 2026-07-28, with its own client, over both transports. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { DENIED, FakePoint } from './fake-point.ts';
import { MODERN_SERVER, startDoor, startModernServer } from './http-door.ts';

const PROXY = join(import.meta.dirname, 'proxy-process.ts');
const VERSION = '2026-07-28';

function modernClient(): Client {
  const client = new Client(
    { name: 'test', version: '1' },
    {
      versionNegotiation: { mode: { pin: VERSION } },
      capabilities: { elicitation: { form: {} } },
    },
  );
  client.setRequestHandler('elicitation/create', () => ({
    action: 'accept',
    content: { name: 'Ada' },
  }));
  onTestFinished(() => client.close());
  return client;
}

async function overStdio(isProxied: boolean): Promise<Client> {
  const folder = mkdtempSync(join(tmpdir(), 'estop-modern-'));
  const server = [process.execPath, MODERN_SERVER, 'stdio'];
  const proxy = [process.execPath, '--import', 'tsx', '--conditions=@estop/source', PROXY];
  const [command = '', ...args] = isProxied ? [...proxy, folder, 'modern', ...server] : server;
  const client = modernClient();
  await client.connect(new StdioClientTransport({ command, args, stderr: 'ignore' }));
  return client;
}

async function overHttp(isProxied: boolean, point = new FakePoint()): Promise<Client> {
  const upstream = await startModernServer();
  const url = isProxied ? (await startDoor({ upstream, point })).url : upstream;
  const client = modernClient();
  await client.connect(new StreamableHTTPClientTransport(new URL(url)));
  return client;
}

describe.each([
  ['standard streams', overStdio],
  ['HTTP', overHttp],
])('over %s', (_, open) => {
  it('tools, calls and progress are the same behind the proxy', async () => {
    const direct = await open(false);
    const proxied = await open(true);
    expect(proxied.getNegotiatedProtocolVersion()).toBe(VERSION);
    expect(await proxied.listTools()).toEqual(await direct.listTools());
    const echo = { name: 'echo', arguments: { text: 'häé' } };
    expect(await proxied.callTool(echo)).toEqual(await direct.callTool(echo));
    const seen: number[] = [];
    const onprogress = ({ progress }: { progress: number }) => void seen.push(progress);
    await proxied.callTool({ name: 'steps', arguments: { text: 'x' } }, { onprogress });
    expect(seen).toEqual([1, 2, 3]);
    const sign = { name: 'sign', arguments: { text: 'yours' } };
    const signed = await proxied.callTool(sign);
    expect(signed).toEqual(await direct.callTool(sign));
    expect(JSON.stringify(signed)).toContain('yours, Ada');
  });
});

it('a call that asks its client for input is judged once, and reported once', async () => {
  const point = new FakePoint();
  const client = await overHttp(true, point);
  await client.callTool({ name: 'sign', arguments: { text: 'yours' } });
  expect(point.asked).toHaveLength(1);
  await vi.waitFor(() => expect(point.outcomes).toMatchObject([{ status: 'ok' }]));
});

it('a denial is a complete result for the client', async () => {
  const client = await overHttp(true, new FakePoint(() => Promise.resolve(DENIED)));
  const result = await client.callTool({ name: 'echo', arguments: { text: 'x' } });
  expect(result).toMatchObject({ isError: true });
  expect(JSON.stringify(result)).toContain('no rule lets this agent do it');
});
