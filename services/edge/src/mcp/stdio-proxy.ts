/**
 * The MCP proxy in front of a tool server that speaks over its standard streams. It works on frames
 * and not with an SDK: what is not judged passes as the bytes that came, in both directions.
 */
import type { Readable, Writable } from 'node:stream';
import type { JsonRecord, Outcome } from '../domain/call.ts';
import {
  type ClientFrame,
  type FrameId,
  INVALID_PARAMS,
  INVALID_REQUEST,
  type NotificationFrame,
  PARSE_ERROR,
  parseClientFrame,
  type RequestFrame,
} from '../domain/mcp/frame.ts';
import { judgedBy } from '../domain/mcp/judged.ts';
import { idOfOversize } from '../domain/mcp/oversize-id.ts';
import { errorReply, REFUSED } from '../domain/mcp/replies.ts';
import type { EnforcementPoint, RunningCall } from '../point.ts';
import { Gate, type JudgedRequest, type Leg, legOf } from './gate.ts';
import { type Entry, IN_FLIGHT_MAX, InFlight } from './in-flight.ts';
import { LineSplitter, textOf } from './line-splitter.ts';
import { ServerFrames } from './server-frames.ts';
import type { ServerPins } from './server-pins.ts';
import type { ToolProcess } from './tool-process.ts';

/** The largest frame that passes, in either direction. */
export const FRAME_BYTES_MAX = 64 * 1024 * 1024;
const OWN_ANSWER_MAX_MS = 10_000;
const CANCELLED: Outcome = { status: 'cancelled' };

export interface StdioProxyOptions {
  readonly point: EnforcementPoint;
  readonly pins: ServerPins;
  readonly tool: ToolProcess;
  readonly client: { readonly input: Readable; readonly output: Writable };
  /** One line for people. */
  note(text: string): void;
  /** Asks for an orderly end. */
  readonly signal: AbortSignal;
  readonly frameBytesMax?: number;
}

/** Runs until the tool server has ended; answers its exit code. */
export async function runStdioProxy(options: StdioProxyOptions): Promise<number> {
  const { tool, client, point, signal } = options;
  const proxy = new StdioProxy(options);
  point.onKill((why) => proxy.kill(why));
  if (signal.aborted) proxy.clientGone();
  signal.addEventListener('abort', () => proxy.clientGone(), { once: true });
  client.output.on('error', () => proxy.clientGone());
  const code = await tool.ended;
  proxy.serverGone();
  client.input.destroy();
  await new Promise<void>((resolve) => {
    if (client.output.writableEnded || client.output.destroyed) return resolve();
    client.output.write('', () => resolve());
  });
  return code;
}

class StdioProxy {
  readonly #options: StdioProxyOptions;
  readonly #gate: Gate;
  readonly #inFlight = new InFlight();
  readonly #bytesMax: number;
  #isOver = false;
  #ownIds = 0;

  constructor(options: StdioProxyOptions) {
    this.#options = options;
    this.#gate = new Gate(options.point, options.pins);
    this.#bytesMax = options.frameBytesMax ?? FRAME_BYTES_MAX;
    const { client, tool } = options;
    const server = new ServerFrames({
      inFlight: this.#inFlight,
      pins: options.pins,
      bytesMax: this.#bytesMax,
      note: options.note,
      send: (bytes) => this.#toClient(bytes),
      broken: (why) => this.kill(why),
    });
    this.#read(client.input, {
      line: (bytes) => this.#fromClient(bytes),
      oversize: (ends) => this.#refuse(idOfOversize(ends), this.#tooLarge(), INVALID_REQUEST),
    });
    this.#read(tool.output, server);
    for (const event of ['end', 'close']) client.input.once(event, () => this.clientGone());
  }

  /** The client has gone: nothing that waits may still run, and the tool server ends. */
  clientGone(): void {
    for (const { withdraw } of this.#inFlight.all()) withdraw?.abort();
    this.#options.tool.close();
  }

  /** Ends the tool server first, and then says so. */
  kill(why: string): void {
    if (this.#isOver) return;
    this.#options.tool.kill();
    this.#options.note(`the tool server was ended: ${why}`);
    this.#answerAll(
      `estop: the tool server was ended: ${why}. What was under way may be half done.`,
    );
  }

  serverGone(): void {
    this.#gate.close();
    this.#answerAll('the tool server has ended');
  }

  #answerAll(text: string): void {
    this.#isOver = true;
    for (const entry of this.#inFlight.all()) {
      this.#inFlight.remove(entry);
      const isAwaited = entry.state !== 'withdrawn' && entry.state !== 'cancelled';
      if (isAwaited && entry.state !== 'own') this.#refuse(entry.id, text, REFUSED);
      entry.withdraw?.abort();
      entry.settle?.(null);
    }
  }

  #read(from: Readable, reader: ConstructorParameters<typeof LineSplitter>[1]): void {
    const splitter = new LineSplitter(this.#bytesMax, reader);
    from.on('data', (chunk: Buffer) => splitter.push(chunk));
    from.once('end', () => splitter.end());
    from.on('error', () => this.clientGone());
  }

  #fromClient(line: Buffer): void {
    const text = textOf(line);
    if (text === undefined) return this.#refuse(null, 'this is not UTF-8', PARSE_ERROR);
    if (text.trim() === '') return this.#toServer(line);
    const frame = parseClientFrame(text);
    if (this.#isOver) return this.#afterEnd(frame);
    switch (frame.kind) {
      case 'bad':
        return this.#refuse(frame.id, frame.why, frame.code);
      case 'response':
        return this.#toServer(line);
      case 'notification':
        return this.#notify(frame, line);
      case 'request':
        return this.#request(frame, line);
    }
  }

  #afterEnd(frame: ClientFrame): void {
    if (frame.kind === 'request') this.#refuse(frame.id, 'the tool server has ended', REFUSED);
  }

  #request(request: RequestFrame, line: Buffer): void {
    const { id } = request;
    if (this.#inFlight.find(id) !== undefined) {
      return this.#refuse(id, `the id ${JSON.stringify(id)} is in use by an earlier request`);
    }
    if (this.#inFlight.isFull) {
      return this.#refuse(id, `${IN_FLIGHT_MAX} requests are under way: wait for their answers`);
    }
    const judged = judgedBy(this.#options.pins.server, request);
    if (judged.kind === 'bad') return this.#refuse(id, judged.why, INVALID_PARAMS);
    if (judged.kind === 'judged') return void this.#judge({ request, ...judged });
    this.#inFlight.add({ id, request, state: 'passed' });
    this.#toServer(line);
  }

  async #judge(judged: JudgedRequest): Promise<void> {
    const { request } = judged;
    const withdraw = new AbortController();
    const entry = this.#inFlight.add({
      id: request.id,
      request,
      state: 'undecided',
      withdraw,
    });
    const reply = await this.#gate.pass(judged, {
      signal: withdraw.signal,
      forward: (text, running) => this.#forward(entry, text, running),
      ask: (method, params) => this.#ask(method, params),
    });
    const isAwaited = this.#inFlight.find(entry.id) === entry && entry.state === 'undecided';
    if (entry.state === 'undecided' || entry.state === 'withdrawn') this.#inFlight.remove(entry);
    if (reply !== null && isAwaited) this.#toClient(encode(reply));
  }

  #forward(entry: Entry, text: string, { signal }: RunningCall): Promise<Leg> {
    const sentMs = performance.now();
    const onKill = () => this.kill('a kill covers a call that was running');
    return new Promise((resolve) => {
      if (this.#isOver || signal.aborted) return resolve({ outcome: CANCELLED });
      entry.state = 'running';
      entry.settle = (response) => {
        signal.removeEventListener('abort', onKill);
        const durationMs = performance.now() - sentMs;
        const gone: Outcome = {
          status: entry.state === 'cancelled' ? 'cancelled' : 'unknown',
          durationMs: Math.round(durationMs),
        };
        const params = entry.request?.params ?? {};
        resolve(response === null ? { outcome: gone } : legOf(params, response, durationMs));
      };
      signal.addEventListener('abort', onKill, { once: true });
      this.#toServer(`${text}\n`);
    });
  }

  #ask(method: string, params: JsonRecord): Promise<JsonRecord> {
    this.#ownIds += 1;
    const id = `estop-${this.#ownIds}`;
    return new Promise((resolve, reject) => {
      const tooLate = setTimeout(() => {
        this.#inFlight.remove(entry);
        reject(new Error(`no answer in ${OWN_ANSWER_MAX_MS} ms`));
      }, OWN_ANSWER_MAX_MS);
      const settle = (response: JsonRecord | null) => {
        clearTimeout(tooLate);
        const result = resultOf(response);
        if (result === undefined) reject(new Error('the tool server answered with an error'));
        else resolve(result);
      };
      const entry = this.#inFlight.add({ id, request: null, state: 'own', settle });
      this.#toServer(encode({ jsonrpc: '2.0', id, method, params }));
    });
  }

  #notify({ method, params }: NotificationFrame, line: Buffer): void {
    const id = params['requestId'];
    const isCancel = method === 'notifications/cancelled';
    const isId = typeof id === 'number' || typeof id === 'string';
    const entry = isCancel && isId ? this.#inFlight.find(id) : undefined;
    if (entry?.state === 'undecided') {
      // The tool server never heard of the request: it is not told of its end either.
      entry.state = 'withdrawn';
      entry.withdraw?.abort();
      return;
    }
    if (entry?.state === 'withdrawn' || entry?.state === 'own') return;
    this.#toServer(line);
    if (entry === undefined || entry.state === 'cancelled') return;
    this.#inFlight.cancel(entry);
    entry.settle?.(null);
  }

  #refuse(id: FrameId | null, why: string, code = INVALID_REQUEST): void {
    const { client } = this.#options;
    write(client.output, encode(errorReply(id, { code, message: why })), client.input);
  }

  #tooLarge(): string {
    return `a message may have at most ${this.#bytesMax} bytes`;
  }

  #toServer(bytes: Buffer | string): void {
    write(this.#options.tool.input, bytes, this.#options.client.input);
  }

  #toClient(bytes: Buffer | string): void {
    write(this.#options.client.output, bytes, this.#options.tool.output);
  }
}

/** Writes, and reads no more from where it came while the other side takes nothing. */
function write(to: Writable, bytes: Buffer | string, from: Readable): void {
  if (to.destroyed || to.writableEnded || to.write(bytes) || from.isPaused()) return;
  from.pause();
  to.once('drain', () => from.resume());
}

function encode(frame: JsonRecord): string {
  return `${JSON.stringify(frame)}\n`;
}

function resultOf(response: JsonRecord | null): JsonRecord | undefined {
  const result = response?.['result'];
  return typeof result === 'object' && result !== null && !Array.isArray(result)
    ? { ...result }
    : undefined;
}
