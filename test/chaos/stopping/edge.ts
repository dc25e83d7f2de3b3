/** One edge process as a run sees it: started, frozen, cut off, set wrong, and what it executed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { startProxy, type TcpProxy } from '../../harness/tcp-proxy.ts';
import type { Execution } from './checker.ts';
import { DESTRUCTIVE_TOOL, type PlannedFault, TOOLS } from './plan.ts';

const PROCESS = join(import.meta.dirname, 'edge-process.mjs');
const CLOCK = join(import.meta.dirname, '../jumping-clock.mjs');
/** So that signals of one kind do not become one. */
const BETWEEN_SIGNALS_MS = 200;
const JUMPS = 3;
const LATENCY_MS = { min: 20, max: 300 };

export interface EdgeOptions {
  readonly agent: string;
  readonly key: string;
  /** Where estop serves. */
  readonly port: number;
  readonly folder: string;
  /**
   * `work`: calls all the time; its control stream goes through a proxy, its questions do not.
   * `idle`: destructive calls, only when told, all through the proxy.
   */
  readonly mode: 'work' | 'idle';
}

export class Edge {
  readonly agent: string;
  readonly proxy: TcpProxy;
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  readonly #file: string;

  private constructor(child: ChildProcess, proxy: TcpProxy, { agent, folder }: EdgeOptions) {
    if (child.stdout === null) throw new Error('an edge without output');
    this.agent = agent;
    this.proxy = proxy;
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout });
    this.#file = fileOf(folder, agent);
  }

  /** Resolves when it holds a lease. */
  static async start(options: EdgeOptions): Promise<Edge> {
    const { agent, key, port, folder, mode } = options;
    const proxy = await startProxy(port);
    const controlUrl = urlOf(proxy.port);
    const urls = { controlUrl, askUrl: mode === 'work' ? urlOf(port) : controlUrl };
    const tools = mode === 'work' ? TOOLS : [DESTRUCTIVE_TOOL];
    const about = { agent, key, ...urls, file: fileOf(folder, agent), tools, mode };
    const args = ['--import', CLOCK, PROCESS, JSON.stringify(about)];
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    // The machine is small, and edges are many: the control plane goes before.
    if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL);
    const edge = new Edge(child, proxy, options);
    await edge.#nextLine();
    return edge;
  }

  /** Makes so many calls at once; answers how many were refused. */
  async callAtOnce(calls: number): Promise<number> {
    this.#child.stdin?.write(`${calls}\n`);
    return JSON.parse(await this.#nextLine()).refused;
  }

  async inject({ kind, draw }: PlannedFault): Promise<void> {
    switch (kind) {
      case 'none':
        return;
      case 'frozen':
        this.#child.stdin?.write('freeze\n');
        return;
      case 'deaf':
        return this.proxy.cut('back');
      case 'mute':
        return this.proxy.cut('forth');
      case 'cut off':
        return this.proxy.cut();
      case 'slow network':
        return this.proxy.slow(LATENCY_MS.min + draw * (LATENCY_MS.max - LATENCY_MS.min));
      case 'clock jump':
        return this.#jump(jumpsOf(draw));
    }
  }

  async heal({ kind, draw }: PlannedFault): Promise<void> {
    if (kind === 'clock jump') return this.#jump(JUMPS - jumpsOf(draw));
    this.proxy.heal();
    if (kind !== 'frozen') return;
    this.#child.kill('SIGCONT');
    // It may have been so late to hear of it that it froze after that.
    await delay(BETWEEN_SIGNALS_MS);
    this.#child.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = once(this.#child, 'exit');
      this.#child.kill('SIGKILL');
      await ended;
    }
    await this.proxy.stop();
  }

  async executions(): Promise<readonly Execution[]> {
    const lines = (await readFile(this.#file, 'utf8')).split('\n');
    return lines.filter((line) => line !== '').map((line): Execution => JSON.parse(line));
  }

  async #jump(signals: number): Promise<void> {
    for (let sent = 0; sent < signals; sent += 1) {
      this.#child.kill('SIGUSR2');
      await delay(BETWEEN_SIGNALS_MS);
    }
  }

  #nextLine(): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#child.once('exit', () => reject(new Error(`${this.agent} has ended`)));
      this.#lines.once('line', resolve);
    });
  }
}

/** One: an hour ahead. Two: an hour behind. */
function jumpsOf(draw: number): number {
  return draw < 0.5 ? 1 : 2;
}

function fileOf(folder: string, agent: string): string {
  return join(folder, `${agent}.jsonl`);
}

function urlOf(port: number): string {
  return `http://127.0.0.1:${port}`;
}
