/** For code that is an agent: ask before acting, report after. */
import {
  type Asker,
  createAsker,
  type OutcomeReport,
  type Proposal,
  type ProposeOptions,
} from './client.ts';
import { type CurrentCall, currentCall } from './current-call.ts';
import { DeniedError } from './denied-error.ts';
import type { Decision } from './domain/decision.ts';
import { Door } from './door.ts';
import type { AsyncVersion, GuardOptions } from './guard.ts';
import { KilledError } from './killed-error.ts';
import { RequestError } from './request-error.ts';
import { createSession, type Session, type SessionOptions } from './session.ts';
import { createTransport, type Fetch } from './transport.ts';

export type { Cost, UndoCall } from './client.ts';
export type { Allowed, Denied, NeedsApproval } from './domain/decision.ts';
export type { Provenance, Source } from './domain/provenance.ts';
export type {
  Asker,
  CurrentCall,
  Decision,
  GuardOptions,
  OutcomeReport,
  Proposal,
  ProposeOptions,
  Session,
  SessionOptions,
};
export { currentCall, DeniedError, KilledError, RequestError };

/** For all attempts of one question without `timeoutMs`. */
const TIMEOUT_MS_DEFAULT = 10_000;

export interface ConnectOptions {
  /** Where estop serves; default: the environment variable ESTOP_URL. */
  readonly url?: string;
  /** The agent's API key; default: the environment variable ESTOP_KEY. */
  readonly key?: string;
  /** The agent to speak for, when the key is an operator's. */
  readonly agent?: string;
  /** Name of the enforcement point that guarded calls run at; default: a new one. */
  readonly point?: string;
  /** For all attempts of one question, ms; default 10 s. Time a person takes comes on top. */
  readonly timeoutMs?: number;
  /** Another fetch, for proxies and tests. */
  readonly fetch?: Fetch;
}

/**
 * One agent's connection to estop. From the first guarded call on it hears of halts, on connections
 * that do not keep the process alive.
 */
export interface Client extends Asker {
  /** A new conversation or run; its texts label the arguments of its calls. */
  session(options?: SessionOptions): Session;
  /**
   * A function that asks estop before each call of `run` and reports the outcome after. Throws
   * DeniedError instead of running what is denied. For labels by user texts, guard in a session.
   */
  guard<Args extends readonly unknown[], Result>(
    tool: string,
    run: (...args: Args) => Result,
    options?: GuardOptions<Args, Awaited<Result>>,
  ): AsyncVersion<Args, Result>;
  /** Ends the control stream, once what guarded calls report has been told. */
  close(): Promise<void>;
}

/** A client; opens nothing until it asks. Throws TypeError without a usable url and key. */
export function connect(options: ConnectOptions = {}): Client {
  const url = options.url ?? process.env['ESTOP_URL'];
  const key = options.key ?? process.env['ESTOP_KEY'];
  if (url === undefined || !URL.canParse(url)) {
    throw new TypeError('connect: give url, or set ESTOP_URL, to where estop serves');
  }
  if (key === undefined || !/^[!-~]+$/.test(key)) {
    throw new TypeError("connect: give key, or set ESTOP_KEY, to the agent's API key");
  }
  const send = createTransport({ url, key, fetch: options.fetch ?? fetch });
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS_DEFAULT;
  const asker = createAsker({ send, timeoutMs, agent: options.agent });
  const name = options.point ?? `sdk-${crypto.randomUUID()}`;
  const door = new Door({ url, key, agent: options.agent, name, asker });
  const session = createSession(asker, door);
  return {
    ...asker,
    session: (how) => createSession(asker, door, how),
    guard: session.guard,
    close: () => door.close(),
  };
}
