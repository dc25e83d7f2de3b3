/** An Io in memory, and a gateway over real HTTP whose answers a test scripts. */
import { mkdtempSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import type { Io } from '../src/io.ts';
import { runCli } from '../src/main.ts';

export interface Ran {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly cwd?: string;
  readonly signal?: AbortSignal;
  /** Told each text that goes to stdout. */
  readonly onOut?: (text: string) => void;
  /** Told each text that goes to stderr. */
  readonly onErr?: (text: string) => void;
}

/** Runs one command line without a terminal and collects what it wrote. */
export async function runLine(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  let out = '';
  let err = '';
  const io: Io = {
    env: options.env ?? {},
    cwd: options.cwd ?? mkdtempSync(join(tmpdir(), 'estop-cli-')),
    stdin: Readable.from([options.stdin ?? '']),
    stdout: new Writable({
      write(chunk, _encoding, done) {
        out += String(chunk);
        done();
      },
    }),
    out: async (text) => {
      out += text;
      options.onOut?.(text);
    },
    err: (text) => {
      err += text;
      options.onErr?.(text);
    },
    outIsTty: false,
    errIsTty: false,
    signal: options.signal ?? new AbortController().signal,
    exit: (code) => {
      throw new Error(`the process would end with ${code}`);
    },
  };
  const exitCode = await runCli(args, io);
  return { exitCode, out, err };
}

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly key: string;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

export interface Answer {
  readonly status?: number;
  readonly json?: unknown;
  readonly text?: string;
  readonly type?: string;
}

export interface ScriptedGateway {
  readonly env: Readonly<Record<string, string>>;
  readonly asked: readonly Asked[];
  close(): Promise<void>;
}

/** Starts a gateway that answers by `METHOD /path`, 404 for anything else. */
export async function startScripted(
  answers: Readonly<Record<string, Answer | ((asked: Asked) => Answer)>>,
): Promise<ScriptedGateway> {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const { method = '', url = '', headers } = request;
    const one = { method, url, headers, text, key: headers.authorization ?? '' };
    asked.push(one);
    const found = answers[`${method} ${url.replace(/\?.*/, '')}`];
    const answer = typeof found === 'function' ? found(one) : found;
    const { status = 200, json, type = 'application/json' } = answer ?? NOT_FOUND;
    response.writeHead(status, { 'content-type': type });
    response.end(answer?.text ?? JSON.stringify(json ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    env: { ESTOP_URL: `http://127.0.0.1:${port}`, ESTOP_KEY: 'key' },
    asked,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

const NOT_FOUND: Answer = { status: 404, json: { code: 'not-found', title: 'Not found' } };
