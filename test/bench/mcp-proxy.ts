/**
 * What the MCP proxy adds to a call: the same client and tool server over standard streams, with the
 * proxy between them, which allows everything in its own process, and without it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROUNDS = 5;
const CALLS = 2_000;
const IN_FLIGHT = 32;
const KILLS = 10;
const SERVER = join(import.meta.dirname, 'mcp-echo-process.mjs');
const PROXY = join(import.meta.dirname, 'mcp-proxy-process.mjs');

interface CallLatency {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly perSecond: number;
}

export interface McpProxyRows {
  readonly proxied: CallLatency;
  readonly direct: CallLatency;
  readonly addedP50Ms: number;
  /** From the kill to the end of the tool server, the longest of some. */
  readonly killMsMax: number;
}

export async function benchMcpProxy(): Promise<McpProxyRows> {
  const rounds: { readonly proxied: CallLatency; readonly direct: CallLatency }[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    rounds.push({ direct: await measure([SERVER]), proxied: await measure([PROXY, SERVER]) });
  }
  const proxied = medianOf(rounds.map((round) => round.proxied));
  const direct = medianOf(rounds.map((round) => round.direct));
  const addedP50Ms = proxied.p50Ms - direct.p50Ms;
  return { proxied, direct, addedP50Ms, killMsMax: await measureKills() };
}

async function measure(files: readonly string[]): Promise<CallLatency> {
  const peer = new Peer(files);
  try {
    await peer.ask('tools/list', {});
    for (let warm = 0; warm < CALLS / 4; warm += 1) await peer.call();
    const latencies: number[] = [];
    for (let index = 0; index < CALLS; index += 1) {
      const sentMs = performance.now();
      await peer.call();
      latencies.push(performance.now() - sentMs);
    }
    latencies.sort((one, other) => one - other);
    const at = (share: number) => latencies[Math.ceil(latencies.length * share) - 1] ?? Number.NaN;
    return { p50Ms: at(0.5), p99Ms: at(0.99), perSecond: await throughput(peer) };
  } finally {
    peer.stop();
  }
}

async function throughput(peer: Peer): Promise<number> {
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
    const peer = new Peer([PROXY, SERVER]);
    await peer.call();
    longestMs = Math.max(longestMs, await peer.kill());
  }
  return longestMs;
}

class Peer {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, () => void>();
  #ids = 0;
  #rest = '';

  constructor([file = '', ...args]: readonly string[]) {
    const folder = mkdtempSync(join(tmpdir(), 'estop-bench-'));
    this.#child = spawn(process.execPath, [file, folder, ...args], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    this.#child.stdout?.on('data', (chunk: Buffer) => this.#take(chunk.toString()));
  }

  call(): Promise<void> {
    return this.ask('tools/call', { name: 'echo', arguments: { text: 'a line of text' } });
  }

  ask(method: string, params: object): Promise<void> {
    this.#ids += 1;
    const id = this.#ids;
    this.#child.stdin?.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }

  /** Kills the agent; answers how long its proxy took to end with the tool server, ms. */
  async kill(): Promise<number> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    const startedMs = performance.now();
    this.#child.kill('SIGUSR2');
    await ended;
    return performance.now() - startedMs;
  }

  stop(): void {
    this.#child.stdin?.end();
  }

  #take(text: string): void {
    const lines = `${this.#rest}${text}`.split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const { id } = JSON.parse(line);
      this.#waiting.get(id)?.();
      this.#waiting.delete(id);
    }
  }
}

/** Each figure's own median: a round may be disturbed. */
function medianOf(rounds: readonly CallLatency[]): CallLatency {
  const median = (pick: (round: CallLatency) => number) =>
    rounds.map(pick).sort((one, other) => one - other)[Math.floor(rounds.length / 2)] ?? Number.NaN;
  return {
    p50Ms: median((round) => round.p50Ms),
    p99Ms: median((round) => round.p99Ms),
    perSecond: median((round) => round.perSecond),
  };
}
