/** `estop serve` as a process of its own: started, killed, frozen. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Sandbox, type SandboxProcess, tailOf } from './kafka/sandbox.ts';

const REPOSITORY = join(import.meta.dirname, '../..');
const BIN = join(REPOSITORY, 'services/cli/bin/estop.mjs');
const READY = /^estop ready /m;
const START_MS_MAX = 60_000;
const POLL_MS = 25;

export interface ServiceOptions {
  readonly name: string;
  readonly service: 'policy' | 'gateway' | 'breaker';
  readonly sandbox: Sandbox;
  /** Where its output goes; default: the folder of the sandbox. */
  readonly logFolder?: string | undefined;
  /** Options of Node, such as `--import`. */
  readonly nodeArgs?: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export class ServiceProcess {
  readonly name: string;
  readonly dataFolder: string;
  readonly #options: ServiceOptions;
  readonly #output: string;
  #current: SandboxProcess | null = null;

  constructor(options: ServiceOptions) {
    this.name = options.name;
    this.#options = options;
    this.dataFolder = join(options.sandbox.folder, `${options.name}-data`);
    this.#output = join(options.logFolder ?? options.sandbox.folder, `${options.name}.log`);
  }

  get isRunning(): boolean {
    return this.#current?.isRunning() ?? false;
  }

  /** Starts it on the built files; resolves when it says that it is ready. */
  async start(): Promise<void> {
    const { service, sandbox, env, nodeArgs = [] } = this.#options;
    const logStart = await sizeOf(this.#output);
    const path = process.env['PATH'] ?? '';
    const settings = Object.entries({ ...env, PATH: path, ESTOP_DATA: this.dataFolder });
    const started = await sandbox.run({
      // Only what is said here: env -i forgets the rest and becomes the command, under its pid.
      command: 'env',
      args: [
        '-i',
        ...settings.map(([name, value]) => `${name}=${value}`),
        ...[process.execPath, ...nodeArgs, BIN, 'serve', service],
      ],
      cwd: REPOSITORY,
      output: this.#output,
    });
    this.#current = started;
    await this.#untilReady(started, logStart);
  }

  signal(signal: NodeJS.Signals): void {
    const { pid, isRunning } = this.#current ?? { pid: 0, isRunning: () => false };
    if (isRunning()) process.kill(pid, signal);
  }

  /** kill -9, also when it is frozen; resolves when it has ended. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.#current?.ended;
  }

  /** Asks it to stop, and waits until it has drained; not for ever. */
  async stop(): Promise<void> {
    this.signal('SIGTERM');
    const late = delay(START_MS_MAX, undefined, { ref: false }).then(() => this.kill());
    await Promise.race([this.#current?.ended, late]);
  }

  logTail(): Promise<string> {
    return tailOf(this.#output);
  }

  async #untilReady(started: SandboxProcess, logStart: number): Promise<void> {
    const deadlineMs = performance.now() + START_MS_MAX;
    while (!READY.test(await readFrom(this.#output, logStart))) {
      if (!started.isRunning()) {
        throw new Error(`${this.name} ended while starting:\n${await this.logTail()}`);
      }
      if (performance.now() > deadlineMs) {
        throw new Error(`${this.name} is not ready in time:\n${await this.logTail()}`);
      }
      await delay(POLL_MS);
    }
  }
}

async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}

async function readFrom(file: string, start: number): Promise<string> {
  const bytes = await readFile(file).catch(() => Buffer.alloc(0));
  return bytes.subarray(start).toString('utf8');
}
