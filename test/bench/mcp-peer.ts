/** A client of MCP servers that does nothing but measure. */
import { type ChildProcess, spawn } from 'node:child_process';

/** One process that is spoken to over its standard streams, one JSON line a message. */
export class McpPeer {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve(): void; reject(error: Error): void }>();
  #ids = 0;
  #rest = '';

  /** `args` for Node. */
  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(process.execPath, args, {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { ...process.env, ...env },
    });
    this.#child.stdout?.on('data', (chunk: Buffer) => this.#take(chunk.toString()));
    this.#child.once('exit', (code) => {
      const ended = new Error(`the process ended with ${code}`);
      for (const { reject } of this.#waiting.values()) reject(ended);
    });
  }

  call(): Promise<void> {
    return this.ask('tools/call', { name: 'echo', arguments: { text: 'a line of text' } });
  }

  ask(method: string, params: object): Promise<void> {
    this.#ids += 1;
    const id = this.#ids;
    this.#child.stdin?.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
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
      this.#waiting.get(id)?.resolve();
      this.#waiting.delete(id);
    }
  }
}

export interface Percentiles {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** One call after the other, after some that do not count. */
export async function callLatency(call: () => Promise<void>, calls: number): Promise<Percentiles> {
  for (let warm = 0; warm < calls / 4; warm += 1) await call();
  const latencies: number[] = [];
  for (let index = 0; index < calls; index += 1) {
    const sentMs = performance.now();
    await call();
    latencies.push(performance.now() - sentMs);
  }
  latencies.sort((one, other) => one - other);
  const at = (share: number) => latencies[Math.ceil(latencies.length * share) - 1] ?? Number.NaN;
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
}

/** Each figure's own: a round may be disturbed. */
export function medianOf(figures: readonly number[]): number {
  return (
    [...figures].sort((one, other) => one - other)[Math.floor(figures.length / 2)] ?? Number.NaN
  );
}
