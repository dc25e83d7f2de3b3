/**
 * From the halt that an operator sends to the last of 1,000 enforcement points that has applied it,
 * while agents ask. The rival of the same run is a bare server of Node's that passes the same bytes
 * on to as many open connections and answers the same confirmations.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { EstopProcess } from '../e2e/estop-process.ts';
import { benchFleet } from './bench-fleet.ts';
import { load } from './load.ts';

const POINTS = Number(process.env['BENCH_POINTS'] ?? 1_000);
const HALTS = 40;
const PAUSE_MS = 250;
const LOAD_PER_SECOND = 200;
const PROCESS = join(import.meta.dirname, 'points-process.mjs');

interface HaltLatency {
  /** Until the last point has applied it. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface HaltRows {
  readonly estop: HaltLatency;
  readonly bareNode: HaltLatency;
  readonly p50Ratio: number;
}

export async function benchHalt(): Promise<HaltRows> {
  const estop = await measureEstop();
  const bareNode = await measureRival();
  return { estop, bareNode, p50Ratio: estop.p50Ms / bareNode.p50Ms };
}

async function measureEstop(): Promise<HaltLatency> {
  const process = new EstopProcess({ files: Object.fromEntries(benchFleet()), built: true });
  try {
    await process.start();
    const { url } = process;
    const agentToken = await process.agentKey('agent-1');
    const points = await PointsProcess.start({ url, token: process.operatorKey });
    const seconds = (HALTS * PAUSE_MS) / 1_000 + 2;
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${agentToken}` };
    const request = { url: `${url}/v1/intents`, headers, body: INTENT, connections: 16 };
    const loading = load({ ...request, seconds, rate: LOAD_PER_SECOND });
    const latency = await measure(points, url, process.operatorKey);
    await loading;
    points.stop();
    return latency;
  } finally {
    await process.dispose();
  }
}

async function measureRival(): Promise<HaltLatency> {
  const server = bareServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const points = await PointsProcess.start({ url, token: 'none' });
  try {
    return await measure(points, url, 'none');
  } finally {
    points.stop();
    server.closeAllConnections();
    server.close();
  }
}

async function measure(points: PointsProcess, url: string, token: string): Promise<HaltLatency> {
  const latencies: number[] = [];
  for (let index = 0; index < HALTS; index += 1) {
    await pause(PAUSE_MS);
    const sentMs = performance.timeOrigin + performance.now();
    const response = await fetch(`${url}/v1/halts`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ scope: { tool: `other.tool-${index}` }, mode: 'pause' }),
    });
    const { id } = (await response.json()) as { readonly id: string };
    latencies.push((await points.appliedMs(id)) - sentMs);
  }
  latencies.sort((one, other) => one - other);
  const at = (share: number) => latencies[Math.ceil(latencies.length * share) - 1] ?? Number.NaN;
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
}

class PointsProcess {
  readonly #child: ChildProcess;
  readonly #appliedMs = new Map<string, number>();
  #news: () => void = () => undefined;
  #isConnected = false;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(to: { readonly url: string; readonly token: string }): Promise<PointsProcess> {
    const options = JSON.stringify({ ...to, points: POINTS });
    const child = spawn(process.execPath, [PROCESS, options], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const points = new PointsProcess(child);
    createInterface({ input: child.stdout }).on('line', (line) => points.#take(line));
    while (!points.#isConnected) await points.#untilNews();
    return points;
  }

  async appliedMs(haltId: string): Promise<number> {
    for (;;) {
      const atMs = this.#appliedMs.get(haltId);
      if (atMs !== undefined) return atMs;
      await this.#untilNews();
    }
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }

  #take(line: string): void {
    const { connected, id, atMs } = JSON.parse(line);
    if (connected === true) this.#isConnected = true;
    else this.#appliedMs.set(id, atMs);
    this.#news();
  }

  #untilNews(): Promise<void> {
    return new Promise((resolve) => {
      this.#news = resolve;
    });
  }
}

function bareServer(): Server {
  const open = new Set<ServerResponse>();
  let sequence = 1;
  const send = (response: ServerResponse, event: string, data: object): void => {
    response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  };
  return createServer((request, response) => {
    if (request.method === 'GET') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      send(response, 'hello', { sequence, epoch: 0 });
      open.add(response);
      return;
    }
    request.resume();
    request.on('end', () => {
      const isHalt = request.url === '/v1/halts';
      const answer = isHalt ? { id: randomUUID(), epoch: 1 } : { epoch: 1, at: 1, leaseMs: 3_000 };
      if (isHalt) sequence += 1;
      if (isHalt) for (const one of open) send(one, 'halt', { ...WORD, ...answer, sequence });
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answer));
    });
  });
}

const WORD = {
  scope: { tool: 'other.tool-1' },
  mode: 'pause',
  by: 'operator@local',
  reason: null,
  until: null,
  lifted: false,
  at: 1_768_446_000_000,
};

const INTENT = JSON.stringify({
  id: '[<id>]',
  tool: 'tool.2',
  arguments: { id: 'order-77', amountMicroUsd: 12, note: 'a line of text as agents write' },
});

if (process.argv[1] === import.meta.filename) console.log(await benchHalt());
