/**
 * What the MCP proxy adds to a call that the gateway of an embedded estop, a process of its own, decides:
 * beyond the tool server's own answer and the gateway's own, asked in the same run with one request
 * after the other on one connection.
 */
import { mkdtempSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EstopProcess } from '../e2e/estop-process.ts';
import { callLatency, McpPeer, medianOf, type Percentiles } from './mcp-peer.ts';

const ROUNDS = 5;
const CALLS = 1_000;
const SERVER = join(import.meta.dirname, 'mcp-echo-process.mjs');
const BIN = join(import.meta.dirname, '../../services/cli/bin/estop.mjs');
const TOOL = 'mcp.echo.echo';
const FLEET = {
  'agents.yaml': 'agents: { bot: {} }\n',
  'tools.yaml': `tools: { ${TOOL}: { tier: write } }\n`,
  'policies/fleet.cedar':
    '@id("writes") permit (principal, action in Action::"tier-write", resource);\n',
};

export interface McpGatewayRows {
  readonly proxied: Percentiles;
  readonly direct: Percentiles;
  /** `POST /v1/intents` alone. */
  readonly intents: Percentiles;
  /** The same while the outcome of the one before is recorded, as it is behind the proxy. */
  readonly intentsAndOutcomes: Percentiles;
  /** Beyond the direct call and the first of these. */
  readonly addedP50Ms: number;
  /** Beyond the direct call and the second. */
  readonly addedByProxyP50Ms: number;
}

export async function measureGateway(): Promise<McpGatewayRows> {
  const estop = new EstopProcess({ files: FLEET, built: true });
  try {
    await estop.start();
    const key = await estop.agentKey('bot');
    const rounds: Round[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      rounds.push({
        direct: await measurePeer(new McpPeer([SERVER])),
        intents: await measureIntents(estop.url, key, false),
        intentsAndOutcomes: await measureIntents(estop.url, key, true),
        proxied: await measurePeer(proxy(estop.url, key)),
      });
    }
    return rowsOf(rounds);
  } finally {
    await estop.dispose();
  }
}

type Round = Omit<McpGatewayRows, 'addedP50Ms' | 'addedByProxyP50Ms'>;

function rowsOf(rounds: readonly Round[]): McpGatewayRows {
  const row = (name: keyof Round): Percentiles => ({
    p50Ms: medianOf(rounds.map((round) => round[name].p50Ms)),
    p99Ms: medianOf(rounds.map((round) => round[name].p99Ms)),
  });
  const beyond = (name: 'intents' | 'intentsAndOutcomes') =>
    medianOf(rounds.map((round) => round.proxied.p50Ms - round.direct.p50Ms - round[name].p50Ms));
  return {
    proxied: row('proxied'),
    direct: row('direct'),
    intents: row('intents'),
    intentsAndOutcomes: row('intentsAndOutcomes'),
    addedP50Ms: beyond('intents'),
    addedByProxyP50Ms: beyond('intentsAndOutcomes'),
  };
}

function proxy(url: string, key: string): McpPeer {
  const data = mkdtempSync(join(tmpdir(), 'estop-bench-'));
  const command = ['mcp', '--data', data, '--server', 'echo', '--', process.execPath, SERVER];
  return new McpPeer([BIN, ...command], { ESTOP_URL: url, ESTOP_KEY: key });
}

async function measurePeer(peer: McpPeer): Promise<Percentiles> {
  try {
    await peer.ask('tools/list', {});
    return await callLatency(() => peer.call(), CALLS);
  } finally {
    peer.stop();
  }
}

/** `tells`: an outcome follows each, which nobody waits for, as every enforcement point does it. */
async function measureIntents(url: string, key: string, tells: boolean): Promise<Percentiles> {
  const agent = new Agent({ keepAlive: true });
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const post = (path: string, body: object): Promise<void> =>
    new Promise((resolve, reject) => {
      const options = { method: 'POST', headers, agent };
      const asking = request(`${url}${path}`, options, (response) => {
        const { statusCode = 0 } = response;
        response.resume().once('end', () => {
          if (statusCode < 300) resolve();
          else reject(new Error(`${path}: status ${statusCode}`));
        });
      });
      asking.once('error', reject);
      asking.end(JSON.stringify(body));
    });
  const told: Promise<void>[] = [];
  const ask = async (): Promise<void> => {
    const id = crypto.randomUUID();
    const args = { text: 'a line of text' };
    await post('/v1/intents', { id, tool: TOOL, arguments: args, point: 'bench' });
    if (tells) told.push(post(`/v1/intents/${id}/outcome`, { status: 'ok', durationMs: 0 }));
  };
  try {
    return await callLatency(ask, CALLS);
  } finally {
    await Promise.all(told);
    agent.destroy();
  }
}
