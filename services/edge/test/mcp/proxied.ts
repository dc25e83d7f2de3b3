/** The proxy in this process, in front of a tool server that is a process of its own. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { onTestFinished } from 'vitest';
import { PinFile } from '../../src/mcp/pin-file.ts';
import { ServerPins } from '../../src/mcp/server-pins.ts';
import { runStdioProxy } from '../../src/mcp/stdio-proxy.ts';
import { startToolProcess } from '../../src/mcp/tool-process.ts';
import { FakePoint } from './fake-point.ts';

export const RECORDER = join(import.meta.dirname, 'recording-server.mjs');

export interface ProxiedOptions {
  readonly command: readonly string[];
  readonly point?: FakePoint;
  readonly folder?: string;
  readonly server?: string;
  readonly frameBytesMax?: number;
}

/** One line of a message, as a client sees it. */
export type Message = Readonly<Record<string, unknown>>;

export class Proxied {
  readonly point: FakePoint;
  readonly input = new PassThrough();
  readonly output = new PassThrough();
  readonly notes: string[] = [];
  readonly folder: string;
  readonly exitCode: Promise<number>;
  #received = '';
  #news: () => void = () => undefined;
  readonly #stop = new AbortController();

  constructor(options: ProxiedOptions) {
    const { command, server = 'box' } = options;
    this.point = options.point ?? new FakePoint();
    this.folder = options.folder ?? mkdtempSync(join(tmpdir(), 'estop-pins-'));
    const note = (text: string) => void this.notes.push(text);
    const env = { PATH: process.env['PATH'] };
    this.exitCode = runStdioProxy({
      point: this.point,
      pins: new ServerPins(server, new PinFile(this.folder), note),
      tool: startToolProcess({ command, env, cwd: this.folder, note }),
      client: this,
      note,
      signal: this.#stop.signal,
      ...(options.frameBytesMax === undefined ? {} : { frameBytesMax: options.frameBytesMax }),
    });
    this.output.on('data', (chunk: Buffer) => {
      this.#received += chunk.toString();
      this.#news();
    });
    onTestFinished(async () => {
      this.input.end();
      await this.exitCode;
    });
  }

  send(frame: Message | string): void {
    this.input.write(`${typeof frame === 'string' ? frame : JSON.stringify(frame)}\n`);
  }

  /** Everything that the client has been sent. */
  get received(): string {
    return this.#received;
  }

  get messages(): readonly Message[] {
    return this.#received
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Message);
  }

  /** The first message that fits, as soon as there is one. */
  async until(fits: (message: Message) => boolean): Promise<Message> {
    for (;;) {
      const found = this.messages.find(fits);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        this.#news = resolve;
      });
    }
  }

  answerTo(id: unknown): Promise<Message> {
    return this.until((message) => message['id'] === id && !('method' in message));
  }

  async ask(frame: Message): Promise<Message> {
    this.send({ jsonrpc: '2.0', ...frame });
    return await this.answerTo(frame['id']);
  }
}
