/** The gateway as the commands use it. Every failure becomes a CliError with its exit code. */
import { CliError } from './cli-error.ts';
import { EXIT, exitOfStatus } from './domain/exit.ts';
import { type Fields, fieldsOf, objectsIn, textIn } from './domain/fields.ts';

/** For a request that nobody waits for on purpose. */
const TIMEOUT_MS = 30_000;

export interface ApiRequest {
  readonly body?: unknown;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs?: number;
}

export interface Api {
  readonly url: string;
  /** Sends JSON, answers the fields of the answer. */
  call(method: string, path: string, request?: ApiRequest): Promise<Fields>;
  /** Sends a body as it is and answers the response, whatever its status. */
  send(method: string, path: string, init: SendInit): Promise<Response>;
}

export interface SendInit {
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

export interface ApiOptions {
  readonly url: string;
  readonly key: string;
  readonly fetch: typeof fetch;
  /** Fires when the person interrupts. */
  readonly signal: AbortSignal;
}

export function createApi(options: ApiOptions): Api {
  const base = options.url.replace(/\/+$/, '');

  async function send(method: string, path: string, init: SendInit): Promise<Response> {
    try {
      return await options.fetch(`${base}${path}`, {
        method,
        headers: { authorization: `Bearer ${options.key}`, ...init.headers },
        ...(init.body === undefined ? {} : { body: init.body }),
        redirect: 'error',
        signal: init.signal,
      });
    } catch (error) {
      if (options.signal.aborted) throw new CliError(EXIT.interrupted, 'interrupted');
      const why =
        error instanceof Error && error.cause instanceof Error ? error.cause.message : error;
      const hint = 'check that estop runs (`npm start`) and ESTOP_URL';
      throw new CliError(EXIT.error, `estop cannot be reached at ${base}: ${why}`, hint);
    }
  }

  async function call(method: string, path: string, request: ApiRequest = {}): Promise<Fields> {
    const timeout = AbortSignal.timeout(request.timeoutMs ?? TIMEOUT_MS);
    const response = await send(method, `${path}${queryOf(request.query)}`, {
      headers: {
        accept: 'application/json',
        ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      signal: AbortSignal.any([timeout, options.signal]),
    });
    if (!response.ok) throw await errorOf(response);
    return fieldsOf(await response.json().catch(() => ({})));
  }

  return { url: base, call, send };
}

/** The gateway has answered, and not with what was asked. */
export class RefusedError extends CliError {
  /** Of HTTP. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(exitOfStatus(status), message, hintOf(status));
    this.status = status;
  }
}

/** The problem document of a refused request, as an error with its exit code. */
export async function errorOf(response: Response): Promise<RefusedError> {
  const problem = fieldsOf(await response.json().catch(() => ({})));
  const title =
    textIn(problem, 'detail') ?? textIn(problem, 'title') ?? `status ${response.status}`;
  const details = objectsIn(problem, 'errors').map((one) => {
    const place = textIn(one, 'pointer') || textIn(one, 'file') || '/';
    return `\n  ${place}: ${textIn(one, 'detail') ?? textIn(one, 'message') ?? ''}`;
  });
  return new RefusedError(response.status, title + details.join(''));
}

function hintOf(status: number): string | undefined {
  if (status === 401) return 'set ESTOP_KEY or ESTOP_KEY_FILE to a key that is valid here';
  return status === 503 ? 'estop is busy or starting; try again in a moment' : undefined;
}

function queryOf(query: ApiRequest['query']): string {
  const set = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined) set.set(name, value);
  }
  return set.size === 0 ? '' : `?${set}`;
}
