/** One HTTP request of a client, from its body to the end of its answer. */
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { JsonRecord } from '../domain/call.ts';
import {
  type FrameId,
  INVALID_PARAMS,
  INVALID_REQUEST,
  idKey,
  type NotificationFrame,
  PARSE_ERROR,
  parseClientFrame,
  type RequestFrame,
} from '../domain/mcp/frame.ts';
import { judgedBy } from '../domain/mcp/judged.ts';
import { errorReply, HEADER_MISMATCH, REFUSED } from '../domain/mcp/replies.ts';
import type { RunningCall } from '../point.ts';
import type { Gate, JudgedRequest, Leg } from './gate.ts';
import { askOverHttp } from './http-ask.ts';
import { headerMismatch, headersToServer, paramMismatch } from './http-headers.ts';
import { Relay, type RelayDeps, readAll, send } from './http-relay.ts';

const CUT = { status: 'unknown', error: 'the client or a kill closed it' } as const;

export interface ExchangeOptions {
  readonly deps: RelayDeps;
  readonly gate: Gate;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** All that are open now, this one too. */
  readonly others: () => Iterable<HttpExchange>;
}

export class HttpExchange {
  readonly #options: ExchangeOptions;
  readonly #gone = new AbortController();
  #id: FrameId | null = null;
  #state: 'passed' | 'undecided' | 'running' = 'passed';

  constructor(options: ExchangeOptions) {
    this.#options = options;
  }

  /** Which request of which session it is; null where no sessions are, and ids need not differ. */
  get key(): string | null {
    const session = this.#options.request.headers['mcp-session-id'];
    return this.#id === null || session === undefined ? null : `${session} ${idKey(this.#id)}`;
  }

  async run(): Promise<void> {
    const { request, deps } = this.#options;
    if (request.method !== 'POST') return void (await this.#relay(null));
    const body = await readAll(request, deps.bytesMax).catch(() => undefined);
    if (body === undefined) {
      return this.#refuse(413, `a message may have at most ${deps.bytesMax} bytes`);
    }
    if (!isUtf8(body)) return this.#refuse(400, 'this is not UTF-8', PARSE_ERROR);
    const frame = parseClientFrame(body.toString().trimEnd());
    if (frame.kind === 'bad') {
      this.#id = frame.id;
      return this.#refuse(400, frame.why, frame.code);
    }
    if (frame.kind === 'response') return void (await this.#relay(body));
    const mismatch = headerMismatch(request.headers, frame);
    if (frame.kind === 'request') this.#id = frame.id;
    if (mismatch !== undefined) return this.#refuse(400, mismatch, HEADER_MISMATCH);
    if (frame.kind === 'notification') return await this.#notify(frame, body);
    return await this.#take(frame, body);
  }

  /** The client waits no more: nothing undecided may run, and what runs is told. */
  clientGone(): void {
    this.#gone.abort();
  }

  kill(why: string): void {
    const text = `estop: this was ended: ${why}. What was under way may be half done.`;
    const { response } = this.#options;
    if (response.headersSent) response.destroy();
    else this.#reply(errorReply(this.#id, { code: REFUSED, message: text }));
    this.#gone.abort();
  }

  /** Takes it back when it is undecided; answers whether it was. */
  #withdraw(): boolean {
    if (this.#state !== 'undecided') return false;
    this.#gone.abort();
    this.#options.response.writeHead(200, { 'content-type': 'text/event-stream' }).end();
    return true;
  }

  async #notify(frame: NotificationFrame, body: Buffer): Promise<void> {
    const { method, params } = frame;
    const session = this.#options.request.headers['mcp-session-id'];
    const id = params['requestId'];
    const isCancel = method === 'notifications/cancelled' && session !== undefined;
    if (isCancel && (typeof id === 'number' || typeof id === 'string')) {
      const found = this.#others().find((one) => one.key === `${session} ${idKey(id)}`);
      // biome-ignore lint/complexity/useOptionalChain: a private member takes no optional chain.
      if (found !== undefined && found.#withdraw())
        return void this.#options.response.writeHead(202).end();
    }
    await this.#relay(body, frame);
  }

  async #take(frame: RequestFrame, body: Buffer): Promise<void> {
    const { key } = this;
    if (key !== null && this.#others().some((one) => one.key === key)) {
      return this.#refuse(400, 'this id is in use by an earlier request of the session');
    }
    const judged = judgedBy(this.#options.deps.pins.server, frame);
    if (judged.kind === 'bad') return this.#refuse(400, judged.why, INVALID_PARAMS);
    if (judged.kind === 'passes') return void (await this.#relay(body, frame));
    await this.#judge({ request: frame, ...judged });
  }

  async #judge(judged: JudgedRequest): Promise<void> {
    const { gate, request } = this.#options;
    this.#state = 'undecided';
    let mismatch: string | undefined;
    const reply = await gate.pass(judged, {
      signal: this.#gone.signal,
      forward: (text, running) => this.#forward(judged.request, text, running),
      ask: (method, params) => this.#ask(method, params),
      objection: (declared) => {
        mismatch = paramMismatch(request.headers, judged, declared);
        return mismatch;
      },
    });
    if (mismatch !== undefined) return this.#refuse(400, mismatch, HEADER_MISMATCH);
    if (reply !== null && !this.#gone.signal.aborted) this.#reply(reply);
  }

  async #ask(method: string, params: JsonRecord): Promise<JsonRecord> {
    const { deps, request } = this.#options;
    const headers = headersToServer(request.headers, { isNamed: true });
    const { result, status } = await askOverHttp(deps, headers, { method, params });
    if (result === undefined) throw new Error(`no result (HTTP status ${status})`);
    return result;
  }

  async #forward(request: RequestFrame, text: string, { signal }: RunningCall): Promise<Leg> {
    this.#state = 'running';
    const onKill = () => this.kill('a kill covers this call');
    if (signal.aborted) onKill();
    signal.addEventListener('abort', onKill, { once: true });
    const leg = await this.#relay(text, request);
    signal.removeEventListener('abort', onKill);
    return leg;
  }

  /** `frame` null: no message that headers may name. */
  async #relay(
    body: Buffer | string | null,
    frame: RequestFrame | NotificationFrame | null = null,
  ): Promise<Leg> {
    const { deps, request, response } = this.#options;
    const { signal } = this.#gone;
    const method = request.method ?? 'POST';
    const headers = headersToServer(request.headers, { isNamed: frame !== null });
    const sent = { method, headers, body, signal };
    const relay = new Relay(deps, response, frame?.kind === 'request' ? frame : null);
    const leg = await relay.run(send(deps.upstream, sent));
    const isCut = signal.aborted && leg.outcome.status === 'unknown';
    return isCut ? { outcome: CUT } : leg;
  }

  #others(): readonly HttpExchange[] {
    return [...this.#options.others()].filter((one) => one !== this);
  }

  #refuse(status: number, message: string, code = INVALID_REQUEST): void {
    this.#reply(errorReply(this.#id, { code, message }), status);
  }

  #reply(frame: JsonRecord, status = 200): void {
    const { response } = this.#options;
    if (response.headersSent || response.destroyed) return;
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(frame));
  }
}
