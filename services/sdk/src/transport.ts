/** Requests to the gateway that are asked again, safely: every one of them carries its own id. */
import { isRetryableStatus, pauseBeforeRetry, retryAfterMsOf } from './domain/retry.ts';
import { RequestError } from './request-error.ts';

/** Largest answer that is read, bytes. */
const ANSWER_BYTES_MAX = 8 * 1024 * 1024;
/** Answers of the gateway come within 2 s; this leaves room for a slow network. */
const SLACK_MS = 4_000;

/** As much of fetch as is used: a caller can bring a smaller one. */
export type Fetch = (
  url: string,
  request: {
    readonly method: string;
    readonly headers: Record<string, string>;
    readonly body?: string;
    readonly redirect: 'error';
    readonly signal: AbortSignal;
  },
) => Promise<{
  readonly ok: boolean;
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  text(): Promise<string>;
}>;

type Response = Awaited<ReturnType<Fetch>>;

export interface TransportOptions {
  readonly url: string;
  readonly key: string;
  readonly fetch: Fetch;
}

export interface Request {
  readonly method: 'GET' | 'POST';
  /** Path and query, from the slash. */
  readonly path: string;
  readonly body?: unknown;
  /** How long the server was asked to wait before it answers, ms. */
  readonly waitMs: number;
  /** For all attempts together, ms, on top of waitMs. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export type Reply =
  | { readonly kind: 'answer'; readonly status: number; readonly body: unknown }
  /** No answer within the time, whatever the cause. */
  | { readonly kind: 'unreachable'; readonly why: string };

export type Transport = (request: Request) => Promise<Reply>;

/**
 * Sends a request until it is answered, the time is up or the attempts are used up. Throws
 * RequestError when the request itself is refused, and the signal's reason when it is aborted.
 */
export function createTransport(options: TransportOptions): Transport {
  const base = options.url.replace(/\/+$/, '');

  return async function send(request: Request): Promise<Reply> {
    const deadlineMs = performance.now() + request.timeoutMs + request.waitMs;
    for (let attempts = 1; ; attempts += 1) {
      const result = await attempt(request, deadlineMs - performance.now());
      if (result.kind === 'answer') return result;
      request.signal?.throwIfAborted();
      const pauseMs = pauseBeforeRetry({
        attempts,
        remainingMs: deadlineMs - performance.now(),
        retryAfterMs: result.retryAfterMs,
        random: Math.random(),
      });
      if (pauseMs === null) return { kind: 'unreachable', why: result.why };
      await pause(pauseMs, request.signal);
    }
  };

  async function attempt(request: Request, remainingMs: number): Promise<Attempted> {
    const timeoutMs = Math.max(1, Math.min(remainingMs, request.waitMs + SLACK_MS));
    const timeout = AbortSignal.timeout(Math.ceil(timeoutMs));
    const signal = request.signal ? AbortSignal.any([timeout, request.signal]) : timeout;
    let response: Response;
    let body: unknown;
    try {
      response = await options.fetch(`${base}${request.path}`, {
        method: request.method,
        headers: headersOf(request),
        ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
        redirect: 'error',
        signal,
      });
      body = await readBody(response);
    } catch (error) {
      return { kind: 'failed', why: causeOf(error), retryAfterMs: null };
    }
    if (response.ok) return { kind: 'answer', status: response.status, body };
    if (!isRetryableStatus(response.status)) throw new RequestError(response.status, body);
    const retryAfterMs = retryAfterMsOf(response.headers.get('retry-after'), Date.now());
    return { kind: 'failed', why: `status ${response.status}`, retryAfterMs };
  }

  function headersOf(request: Request): Record<string, string> {
    const headers = { authorization: `Bearer ${options.key}`, accept: 'application/json' };
    return request.body === undefined
      ? headers
      : { ...headers, 'content-type': 'application/json' };
  }
}

type Attempted =
  | { readonly kind: 'answer'; readonly status: number; readonly body: unknown }
  | { readonly kind: 'failed'; readonly why: string; readonly retryAfterMs: number | null };

/** The JSON of an answer; undefined when it is empty or no JSON. */
async function readBody(response: Response): Promise<unknown> {
  const declared = Number(response.headers.get('content-length') ?? 0);
  if (declared > ANSWER_BYTES_MAX) throw new Error('the answer is too large');
  const text = await response.text();
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** fetch hides the reason (ECONNREFUSED, …) one level down. */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message || error.cause.name : error.message;
}

function pause(pauseMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(done, pauseMs);
    signal?.addEventListener('abort', aborted, { once: true });

    function done(): void {
      signal?.removeEventListener('abort', aborted);
      resolve();
    }

    function aborted(): void {
      clearTimeout(timer);
      reject(signal?.reason);
    }
  });
}
