/** estop as a user runs it: a process of its own, spoken to over HTTP only. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const REPOSITORY = join(import.meta.dirname, '../..');
const MAIN = join(import.meta.dirname, 'estop-from-source.ts');
const BIN = join(REPOSITORY, 'services/cli/bin/estop.mjs');
const TSX = ['--import', 'tsx', '--conditions=@estop/source'];
const READY = /^estop ready (http:\/\/\S+)$/m;
const START_MS_MAX = 60_000;

export interface EstopOptions {
  readonly files: Readonly<Record<string, string>>;
  /** Extra environment: KAFKA_BROKERS and the like. */
  readonly env?: Readonly<Record<string, string>>;
  /** Runs the built files as a user does, instead of the sources. */
  readonly built?: boolean;
  /** Default: a free one, at each start another. */
  readonly port?: number;
  /** Options of Node, such as `--import`. */
  readonly nodeArgs?: readonly string[];
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

/** A JSON answer, read without a schema: tests say what they expect of it. */
export interface Body {
  // biome-ignore lint/suspicious/noExplicitAny: the black box answers whatever it answers
  readonly [name: string]: any;
}

export class EstopProcess {
  readonly dataDir: string;
  readonly fleetDir: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #command: readonly string[];
  readonly #nodeArgs: readonly string[];
  readonly #port: number;
  #child: ChildProcess | null = null;
  #url = '';
  #log = '';

  constructor({ files, env = {}, built = false, port = 0, nodeArgs = [] }: EstopOptions) {
    this.#command = built ? [BIN] : [...TSX, MAIN];
    this.#nodeArgs = nodeArgs;
    this.#port = port;
    const root = mkdtempSync(join(tmpdir(), 'estop-e2e-'));
    this.dataDir = join(root, 'data');
    this.fleetDir = join(root, 'fleet');
    this.#env = env;
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.fleetDir, path)), { recursive: true });
      writeFileSync(join(this.fleetDir, path), text);
    }
  }

  get url(): string {
    return this.#url;
  }

  /** Of the process that runs; 0 without one. */
  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get operatorKey(): string {
    return readFileSync(join(this.dataDir, 'operator.key'), 'utf8').trim();
  }

  /** Starts it and waits for the line that says so. */
  async start(): Promise<void> {
    const folders = ['--fleet', this.fleetDir, '--data', this.dataDir];
    const flags = ['--no-demo', ...folders, '--port', String(this.#port)];
    const child = spawn(
      process.execPath,
      [...this.#nodeArgs, ...this.#command, 'start', ...flags],
      {
        cwd: REPOSITORY,
        env: { ...process.env, ...this.#env },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    this.#child = child;
    this.#url = await new Promise<string>((resolve, reject) => {
      let out = '';
      const timer = setTimeout(
        () => reject(new Error(`not ready in time\n${this.#log}`)),
        START_MS_MAX,
      );
      child.stdout.on('data', (chunk: Buffer) => {
        out += chunk;
        const url = READY.exec(out)?.[1];
        if (url !== undefined) {
          clearTimeout(timer);
          resolve(url);
        }
      });
      child.stderr.on('data', (chunk: Buffer) => {
        this.#log += chunk;
      });
      child.once('exit', (code) => {
        clearTimeout(timer);
        reject(new Error(`estop ended with ${code}\n${this.#log}`));
      });
    });
  }

  /** Ends it and answers its exit code: SIGINT drains, SIGKILL does not. */
  async stop(signal: 'SIGINT' | 'SIGKILL' = 'SIGINT'): Promise<number | null> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null) return child?.exitCode ?? null;
    const ended = new Promise<number | null>((resolve) =>
      child.once('exit', (code) => resolve(code)),
    );
    child.kill(signal);
    return ended;
  }

  /** What it logged as warnings and errors. */
  get complaints(): string {
    return this.#log
      .split('\n')
      .filter((line) => /"level":"(warn|error|fatal)"/.test(line))
      .join('\n');
  }

  async dispose(): Promise<void> {
    await this.stop('SIGKILL');
    rmSync(dirname(this.dataDir), { recursive: true, force: true });
  }

  async request(
    method: string,
    path: string,
    options: { readonly body?: unknown; readonly key?: string } = {},
  ): Promise<HttpAnswer> {
    const { body, key = this.operatorKey } = options;
    const response = await fetch(`${this.#url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    const parsed: Body = text !== '' && isJson ? JSON.parse(text) : {};
    return { status: response.status, headers: response.headers, body: parsed };
  }

  get(path: string, key?: string): Promise<HttpAnswer> {
    return this.request('GET', path, key === undefined ? {} : { key });
  }

  post(path: string, body: unknown, key?: string): Promise<HttpAnswer> {
    return this.request('POST', path, key === undefined ? { body } : { body, key });
  }

  /** A key of an agent, issued by the operator. */
  async agentKey(agent: string): Promise<string> {
    const { body } = await this.post(`/v1/agents/${agent}/credentials`, { kind: 'api-key' });
    return body['secret'];
  }

  /** Runs a command of the command line against this process. */
  async cli(...args: string[]): Promise<{ readonly code: number | null; readonly out: string }> {
    const child = spawn(process.execPath, [...this.#command, ...args], {
      cwd: REPOSITORY,
      env: {
        ...process.env,
        ESTOP_URL: this.#url,
        ESTOP_KEY: this.operatorKey,
        ESTOP_DATA: this.dataDir,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk;
    });
    child.stderr.on('data', (chunk: Buffer) => {
      out += chunk;
    });
    const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
    return { code, out };
  }
}
