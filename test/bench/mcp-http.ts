/** What the MCP proxy adds to a call over streamable HTTP, allowed in its own process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { callLatency, medianOf, type Percentiles } from './mcp-peer.ts';

const ROUNDS = 5;
const CALLS = 2_000;
const SERVER = join(import.meta.dirname, 'mcp-echo-http-process.mjs');
const PROXY = join(import.meta.dirname, 'mcp-http-proxy-process.mjs');

export interface McpHttpRows {
  readonly proxied: Percentiles;
  readonly direct: Percentiles;
  readonly addedP50Ms: number;
}

export async function measureHttp(): Promise<McpHttpRows> {
  const server = await startAt([SERVER]);
  const folder = mkdtempSync(join(tmpdir(), 'estop-bench-'));
  const proxy = await startAt([PROXY, folder, server.url]);
  try {
    const rounds: { readonly proxied: Percentiles; readonly direct: Percentiles }[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      rounds.push({ direct: await measure(server.url), proxied: await measure(proxy.url) });
    }
    const row = (name: 'direct' | 'proxied'): Percentiles => ({
      p50Ms: medianOf(rounds.map((round) => round[name].p50Ms)),
      p99Ms: medianOf(rounds.map((round) => round[name].p99Ms)),
    });
    const added = rounds.map(({ proxied, direct }) => proxied.p50Ms - direct.p50Ms);
    return { proxied: row('proxied'), direct: row('direct'), addedP50Ms: medianOf(added) };
  } finally {
    for (const { child } of [proxy, server]) child.kill();
  }
}

/** A process that prints the port it listens on. */
async function startAt(args: readonly string[]): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const port of createInterface({ input: child.stdout })) {
    return { child, url: `http://127.0.0.1:${port}/mcp` };
  }
  throw new Error(`${args[0]} did not start`);
}

async function measure(url: string): Promise<Percentiles> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    return await callLatency(() => call(url, agent), CALLS);
  } finally {
    agent.destroy();
  }
}

function call(url: string, agent: Agent): Promise<void> {
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
  };
  return new Promise((resolve, reject) => {
    const asking = request(url, { method: 'POST', headers, agent }, (response) => {
      response.resume().once('end', () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`status ${response.statusCode}`));
      });
    });
    asking.once('error', reject);
    asking.end(CALL);
  });
}

const CALL = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name: 'echo', arguments: { text: 'a line of text' } },
});
