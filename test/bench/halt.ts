/**
 * From the halt that an operator sends to the last of 1,000 enforcement points that has applied it and
 * accepts no call any more, while agents ask. The points are real ones, several hundred to a process.
 * The rival of the same run is a bare server of Node's that passes the same bytes on to as many open
 * connections and answers the same confirmations.
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
const PROCESSES = 4;
/** Whose calls run at the points; the load is another agent's. */
const KILLED_AGENT = 'agent-2';
const HALTS = 40;
const PAUSE_MS = 250;
/** A point that comes back hears the newest word on a scope, not each one. */
const APPLIED_MS_MAX = 5_000;
const LOAD_PER_SECOND = 200;
const PROCESS = join(import.meta.dirname, 'points-process.mjs');

interface HaltLatency {
  /** Until the last point has applied it: no action is accepted after. */
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
  const files = Object.fromEntries(benchFleet());
  const estop = new EstopProcess({ files, built: true, nodeArgs: profiling() });
  try {
    await estop.start();
    const { url } = estop;
    const agentToken = await estop.agentKey('agent-1');
    const points = await Points.start({ url, token: estop.operatorKey });
    const seconds = (HALTS * PAUSE_MS) / 1_000 + 2;
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${agentToken}` };
    const request = { url: `${url}/v1/intents`, headers, body: INTENT, connections: 16 };
    const loading = load({ ...request, seconds, rate: LOAD_PER_SECOND });
    const latency = await measure(points, url, estop.operatorKey);
    await loading;
    points.stop();
    await estop.stop('SIGINT');
    return latency;
  } finally {
    await estop.dispose();
  }
}

/** With BENCH_PROFILE, a folder: where its time goes. */
function profiling(): readonly string[] {
  const folder = process.env['BENCH_PROFILE'];
  return folder === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', folder];
}

async function measureRival(): Promise<HaltLatency> {
  const server = bareServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const points = await Points.start({ url, token: 'none' });
  try {
    return await measure(points, url, 'none');
  } finally {
    points.stop();
    server.closeAllConnections();
    server.close();
  }
}

async function measure(points: Points, url: string, token: string): Promise<HaltLatency> {
  const latencies: number[] = [];
  for (let index = 0; index < HALTS; index += 1) {
    await pause(PAUSE_MS);
    const sentMs = performance.timeOrigin + performance.now();
    const response = await fetch(`${url}/v1/halts`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ scope: { agent: KILLED_AGENT }, mode: 'kill' }),
    });
    const { id } = (await response.json()) as { readonly id: string };
    latencies.push((await points.appliedMs(id)) - sentMs);
  }
  latencies.sort((one, other) => one - other);
  const at = (share: number) => latencies[Math.ceil(latencies.length * share) - 1] ?? Number.NaN;
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
}

/** All points, in some processes. */
class Points {
  readonly #children: readonly ChildProcess[];
  readonly #appliedMsByKill = new Map<string, number[]>();
  #connected = 0;
  #news: () => void = () => undefined;

  private constructor(to: { readonly url: string; readonly token: string }) {
    this.#children = Array.from({ length: PROCESSES }, (_, index) => {
      const about = { agent: KILLED_AGENT, name: `points-${index}`, points: POINTS / PROCESSES };
      const child = spawn(process.execPath, [PROCESS, JSON.stringify({ ...to, ...about })], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      createInterface({ input: child.stdout }).on('line', (line) => this.#take(line));
      return child;
    });
  }

  static async start(to: { readonly url: string; readonly token: string }): Promise<Points> {
    const points = new Points(to);
    while (points.#connected < PROCESSES) await points.#untilNews();
    return points;
  }

  /** When the last of all points had applied it; never, when one has lost its connection. */
  async appliedMs(haltId: string): Promise<number> {
    const late = pause(APPLIED_MS_MAX);
    const untilMs = performance.now() + APPLIED_MS_MAX;
    for (;;) {
      const timesMs = this.#appliedMsByKill.get(haltId) ?? [];
      if (timesMs.length === PROCESSES) return Math.max(...timesMs);
      if (performance.now() >= untilMs) return Number.POSITIVE_INFINITY;
      await Promise.race([this.#untilNews(), late]);
    }
  }

  stop(): void {
    for (const child of this.#children) child.kill('SIGKILL');
  }

  #take(line: string): void {
    const { connected, id, atMs } = JSON.parse(line);
    if (connected === true) this.#connected += 1;
    else this.#appliedMsByKill.set(id, [...(this.#appliedMsByKill.get(id) ?? []), atMs]);
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
  const hello = { sequence: 1, epoch: 0, renewMs: 1_000, halts: [], agent: KILLED_AGENT };
  let epoch = 0;
  const send = (response: ServerResponse, event: string, data: object): void => {
    response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  };
  const halt = (): object => {
    epoch += 1;
    const said = { ...WORD, id: `h-${randomUUID()}`, epoch, sequence: epoch + 1 };
    for (const one of open) send(one, 'halt', said);
    return said;
  };
  return createServer((request, response) => {
    if (request.method === 'GET') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      send(response, 'hello', hello);
      open.add(response);
      return;
    }
    request.resume();
    request.on('end', () => {
      const answer = request.url === '/v1/halts' ? halt() : { epoch, at: 1, leaseMs: 3_000 };
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answer));
    });
  });
}

const WORD = {
  scope: { agent: KILLED_AGENT },
  mode: 'kill',
  by: 'operator@local',
  reason: null,
  until: null,
  lifted: false,
  killers: [],
  at: 1_768_446_000_000,
};

const INTENT = JSON.stringify({
  id: '[<id>]',
  tool: 'tool.2',
  arguments: { id: 'order-77', amountMicroUsd: 12, note: 'a line of text as agents write' },
});

if (process.argv[1] === import.meta.filename) console.log(await benchHalt());
