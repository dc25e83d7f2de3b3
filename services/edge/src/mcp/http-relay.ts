/** One request to the tool server behind the HTTP door, and its answer on the way to the client. */
import {
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
import { messageOf } from '@estop/schemas/errors';
import type { JsonRecord, Outcome } from '../domain/call.ts';
import { isRecord, type RequestFrame } from '../domain/mcp/frame.ts';
import { type Leg, legOf } from './gate.ts';
import { headersToClient } from './http-headers.ts';
import type { ServerPins } from './server-pins.ts';
import { type SseEvent, SseSplitter, withData } from './sse-splitter.ts';

const SSE = 'text/event-stream';

export interface Upstream {
  readonly url: URL;
  /** The real credential, for one. */
  readonly headers: OutgoingHttpHeaders;
}

export interface Sent {
  readonly method: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Buffer | string | null;
  /** Ends it and its answer. */
  readonly signal: AbortSignal;
}

export interface RelayDeps {
  readonly upstream: Upstream;
  readonly pins: ServerPins;
  readonly bytesMax: number;
  note(text: string): void;
}

/** The head of the answer. Rejects when there is none. */
export function send({ url, headers }: Upstream, sent: Sent): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const open = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const { method, signal } = sent;
    const outgoing: ClientRequest = open(url, {
      method,
      signal,
      headers: { ...sent.headers, ...headers },
    });
    outgoing.once('response', resolve);
    outgoing.once('error', reject);
    outgoing.end(sent.body ?? undefined);
  });
}

/** Passes an answer on to the client; `request` is what it answers, null where it may be anything. */
export class Relay {
  readonly #deps: RelayDeps;
  readonly #response: ServerResponse;
  readonly #request: RequestFrame | null;
  readonly #sentMs = performance.now();
  #answered: ((leg: Leg) => void) | undefined;

  constructor(deps: RelayDeps, response: ServerResponse, request: RequestFrame | null) {
    this.#deps = deps;
    this.#response = response;
    this.#request = request;
  }

  /**
   * What became of the request: known before the client reads the answer, which may ask for more on
   * a stream that stays open. Never throws; the outcome is `unknown` when the answer never came.
   */
  run(answer: Promise<IncomingMessage>): Promise<Leg> {
    return new Promise((resolve) => {
      this.#answered = resolve;
      void this.#pass(answer).then((outcome) => resolve({ outcome }));
    });
  }

  /** To its end; answers what to report when no answer to the request was in it. */
  async #pass(answer: Promise<IncomingMessage>): Promise<Outcome> {
    try {
      const incoming = await answer;
      const { statusCode = 502 } = incoming;
      const trouble = troubleOf(incoming);
      if (trouble !== undefined) throw new Error(trouble);
      const isStream = String(incoming.headers['content-type']).startsWith(SSE);
      if (isStream) await this.#stream(incoming);
      else await this.#body(incoming);
      return outcomeOfStatus(statusCode);
    } catch (error) {
      return this.#fail(messageOf(error));
    }
  }

  #fail(why: string): Outcome {
    if (this.#response.headersSent) {
      if (!this.#response.writableEnded) this.#response.destroy();
    } else {
      const error = { code: -32_603, message: `estop: no answer of the tool server: ${why}` };
      const id = this.#request?.id ?? null;
      this.#response.writeHead(502, { 'content-type': 'application/json' });
      this.#response.end(JSON.stringify({ jsonrpc: '2.0', id, error }));
    }
    return { status: 'unknown', error: why };
  }

  async #stream(incoming: IncomingMessage): Promise<void> {
    this.#head(incoming);
    let events: SseEvent[] = [];
    const splitter = new SseSplitter(this.#deps.bytesMax, (event) => events.push(event));
    for await (const chunk of incoming) {
      if (!splitter.push(chunk)) throw new Error(this.#tooLarge());
      const ready = events;
      events = [];
      for (const event of ready) await this.#event(event);
    }
    this.#response.end();
  }

  async #event(event: SseEvent): Promise<void> {
    if (event.data === '') return this.#write(event.bytes);
    const frame = parsed(event.data);
    if (frame === undefined)
      return this.#deps.note('dropped from the tool server: what is no message');
    const shown = await this.#look(frame);
    await this.#write(shown === frame ? event.bytes : withData(event, JSON.stringify(shown)));
  }

  async #body(incoming: IncomingMessage): Promise<void> {
    const bytes = await readAll(incoming, this.#deps.bytesMax);
    if (bytes === undefined) throw new Error(this.#tooLarge());
    let shown: Buffer | string = bytes;
    if (String(incoming.headers['content-type']).startsWith('application/json')) {
      const frame = parsed(bytes.toString());
      if (frame === undefined) throw new Error('its answer is no JSON object');
      const looked = await this.#look(frame);
      if (looked !== frame) shown = JSON.stringify(looked);
    }
    this.#head(incoming);
    this.#response.end(shown);
  }

  /** Whatever names tools may be a listing: also on a stream that was resumed. */
  async #look(frame: JsonRecord): Promise<JsonRecord> {
    const { result } = frame;
    if ('method' in frame) {
      if (frame['method'] === 'notifications/tools/list_changed') this.#deps.pins.forget();
      return frame;
    }
    const request = this.#request;
    if (request !== null && frame['id'] === request.id) {
      this.#answered?.(legOf(request.params, frame, performance.now() - this.#sentMs));
    }
    if (!isRecord(result) || !Array.isArray(result['tools'])) return frame;
    const reviewed = await this.#deps.pins.review(result);
    return reviewed === result ? frame : { ...frame, result: reviewed };
  }

  #head(incoming: IncomingMessage): void {
    this.#response.writeHead(incoming.statusCode ?? 502, headersToClient(incoming.headers));
    this.#response.flushHeaders();
  }

  async #write(bytes: Buffer): Promise<void> {
    if (this.#response.destroyed || this.#response.write(bytes)) return;
    await new Promise<void>((resolve) => {
      this.#response.once('drain', resolve);
      this.#response.once('close', resolve);
    });
  }

  #tooLarge(): string {
    return `a message of the tool server has more than ${this.#deps.bytesMax} bytes`;
  }
}

/** All of a body; undefined when it is larger than allowed. */
export async function readAll(
  from: IncomingMessage,
  bytesMax: number,
): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of from) {
    size += chunk.length;
    if (size > bytesMax) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function troubleOf({ statusCode = 502, headers }: IncomingMessage): string | undefined {
  if (statusCode >= 300 && statusCode < 400) return 'it wants to redirect';
  const encoding = headers['content-encoding'] ?? 'identity';
  return encoding === 'identity' ? undefined : `its answer is compressed (${encoding})`;
}

function outcomeOfStatus(status: number): Outcome {
  if (status < 400) return { status: 'unknown', error: 'the answer ended without a result' };
  return { status: 'error', error: `HTTP status ${status}` };
}

function parsed(text: string): JsonRecord | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
