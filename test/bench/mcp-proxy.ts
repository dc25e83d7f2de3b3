/**
 * What the MCP proxy adds to a call: the same client and tool server over standard streams, with the
 * proxy between them, which allows everything in its own process, and without it. Then the same with
 * decisions of a gateway, and over HTTP.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type McpGatewayRows, measureGateway } from './mcp-gateway.ts';
import { type McpHttpRows, measureHttp } from './mcp-http.ts';
import { callLatency, McpPeer, medianOf, type Percentiles } from './mcp-peer.ts';

const ROUNDS = 5;
const CALLS = 2_000;
const IN_FLIGHT = 32;
const KILLS = 10;
const SERVER = join(import.meta.dirname, 'mcp-echo-process.mjs');
const PROXY = join(import.meta.dirname, 'mcp-proxy-process.mjs');

interface CallLatency extends Percentiles {
  readonly perSecond: number;
}

export interface McpProxyRows {
  readonly proxied: CallLatency;
  readonly direct: CallLatency;
  readonly addedP50Ms: number;
  /** From the kill to the end of the tool server, the longest of some. */
  readonly killMsMax: number;
  readonly withGateway: McpGatewayRows;
  readonly overHttp: McpHttpRows;
}

export async function benchMcpProxy(): Promise<McpProxyRows> {
  const rounds: { readonly proxied: CallLatency; readonly direct: CallLatency }[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    rounds.push({ direct: await measure([SERVER]), proxied: await measure([PROXY, SERVER]) });
  }
  const proxied = medianRow(rounds.map((round) => round.proxied));
  const direct = medianRow(rounds.map((round) => round.direct));
  const addedP50Ms = proxied.p50Ms - direct.p50Ms;
  return {
    ...{ proxied, direct, addedP50Ms },
    killMsMax: await measureKills(),
    withGateway: await measureGateway(),
    overHttp: await measureHttp(),
  };
}

async function measure(files: readonly string[]): Promise<CallLatency> {
  const peer = open(files);
  try {
    await peer.ask('tools/list', {});
    const latency = await callLatency(() => peer.call(), CALLS);
    return { ...latency, perSecond: await throughput(peer) };
  } finally {
    peer.stop();
  }
}

function open([file = '', ...args]: readonly string[]): McpPeer {
  return new McpPeer([file, mkdtempSync(join(tmpdir(), 'estop-bench-')), ...args]);
}

async function throughput(peer: McpPeer): Promise<number> {
  let left = CALLS * 4;
  const startedMs = performance.now();
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      await peer.call();
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  return (CALLS * 4 * 1_000) / (performance.now() - startedMs);
}

async function measureKills(): Promise<number> {
  let longestMs = 0;
  for (let kill = 0; kill < KILLS; kill += 1) {
    const peer = open([PROXY, SERVER]);
    await peer.call();
    longestMs = Math.max(longestMs, await peer.kill());
  }
  return longestMs;
}

function medianRow(rounds: readonly CallLatency[]): CallLatency {
  return {
    p50Ms: medianOf(rounds.map((round) => round.p50Ms)),
    p99Ms: medianOf(rounds.map((round) => round.p99Ms)),
    perSecond: medianOf(rounds.map((round) => round.perSecond)),
  };
}
