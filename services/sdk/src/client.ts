/** The client: asks, waits, reports. Everything an agent sends to estop goes through here. */
import { type Decision, failClosed, parseDecision } from './domain/decision.ts';
import type { JsonRecord } from './domain/json.ts';
import type { Provenance } from './domain/provenance.ts';
import type { Transport } from './transport.ts';

/** The longest the gateway holds one request open. */
const LONG_POLL_MS_MAX = 30_000;

/** What a call is expected to use, or has used. Integers. */
export interface Cost {
  readonly tokens?: number;
  /** Micro-dollars: 1,000,000 is one dollar. */
  readonly microUsd?: number;
}

/** The call that would take this one back. */
export interface UndoCall {
  readonly tool: string;
  readonly arguments: JsonRecord;
}

/** "I am about to call this tool with these arguments, because…" */
export interface Proposal {
  /** Unique per agent. The same id asks for the same decision; default: a new random id. */
  readonly id?: string | undefined;
  readonly tool: string;
  readonly arguments: JsonRecord;
  /** Why, in the agent's words; people who approve read it. */
  readonly reason?: string | undefined;
  /** Which conversation or run this belongs to. */
  readonly session?: string | undefined;
  /** The task the agent works on. */
  readonly task?: string | undefined;
  /** What the call is expected to use; held on the budgets until the outcome is known. */
  readonly cost?: Cost | undefined;
  /** JSON pointers of arguments to where their values came from. */
  readonly provenance?: Provenance | undefined;
  readonly undo?: UndoCall | undefined;
  /** The enforcement point that will run the call; its permit is good there alone. */
  readonly point?: string | undefined;
}

export interface ProposeOptions {
  /** How long to wait for a person when one must approve, ms. Default 0: answer at once. */
  readonly waitMs?: number;
  /** Aborts the question; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What really happened. Report it once the call is over: it settles the amounts held. */
export interface OutcomeReport {
  readonly status: 'ok' | 'error' | 'cancelled' | 'unknown';
  readonly cost?: Cost | undefined;
  readonly durationMs?: number;
  /** `sha256:` and hex over the result. */
  readonly resultDigest?: string | undefined;
  readonly error?: string | undefined;
}

/** The questions and reports of one agent. */
export interface Asker {
  /**
   * Asks whether a call may be made. Asks again with the same id while estop is busy or cannot be
   * reached, then answers `deny` with reason `timed-out`: it never throws for that. Throws
   * RequestError when the request itself is refused (a wrong key, the same id with other content).
   */
  propose(proposal: Proposal, options?: ProposeOptions): Promise<Decision>;
  /**
   * The decision on an intent as it is now. With `waitMs`, waits that long for it to become final;
   * a decision that still needs approval then is returned as it is.
   */
  wait(intentId: string, options?: ProposeOptions): Promise<Decision>;
  /**
   * Reports what became of an allowed call. Answers false when estop could not be told in time:
   * the amounts held then count as spent. Throws RequestError when the report itself is refused.
   */
  outcome(intentId: string, report: OutcomeReport): Promise<boolean>;
}

export interface AskerOptions {
  readonly send: Transport;
  /** For all attempts of one question, ms, without the time a person was waited for. */
  readonly timeoutMs: number;
  /** The agent an operator's key speaks for; an agent's own key needs none. */
  readonly agent: string | undefined;
}

export function createAsker({ send, timeoutMs, agent }: AskerOptions): Asker {
  async function propose(proposal: Proposal, options: ProposeOptions = {}): Promise<Decision> {
    const id = proposal.id ?? crypto.randomUUID();
    const untilMs = performance.now() + (options.waitMs ?? 0);
    const firstWaitMs = Math.min(options.waitMs ?? 0, LONG_POLL_MS_MAX);
    const reply = await send({
      method: 'POST',
      path: `/v1/intents${query(firstWaitMs)}`,
      body: { ...proposal, id, ...(agent === undefined ? {} : { agent }) },
      waitMs: firstWaitMs,
      timeoutMs,
      signal: options.signal,
    });
    if (reply.kind === 'unreachable') return failClosed(id, reply.why, Date.now());
    return followUp(id, readDecision(id, reply.body), { ...options, untilMs });
  }

  async function wait(intentId: string, options: ProposeOptions = {}): Promise<Decision> {
    const untilMs = performance.now() + (options.waitMs ?? 0);
    const decision = await read(intentId, options.waitMs ?? 0, options.signal);
    return followUp(intentId, decision, { ...options, untilMs });
  }

  async function outcome(intentId: string, report: OutcomeReport): Promise<boolean> {
    const path = `/v1/intents/${encodeURIComponent(intentId)}/outcome${query(0)}`;
    const reply = await send({ method: 'POST', path, body: report, waitMs: 0, timeoutMs });
    return reply.kind === 'answer';
  }

  /** Keeps asking while a person has not answered and there is time. */
  async function followUp(intentId: string, first: Decision, until: Until): Promise<Decision> {
    let decision = first;
    while (decision.decision === 'needs-approval') {
      const leftMs = until.untilMs - performance.now();
      if (leftMs <= 0) return decision;
      decision = await read(intentId, leftMs, until.signal);
    }
    return decision;
  }

  async function read(
    intentId: string,
    wantedMs: number,
    signal: AbortSignal | undefined,
  ): Promise<Decision> {
    const waitMs = Math.min(Math.max(wantedMs, 0), LONG_POLL_MS_MAX);
    const path = `/v1/intents/${encodeURIComponent(intentId)}${query(waitMs)}`;
    const reply = await send({ method: 'GET', path, waitMs, timeoutMs, signal });
    if (reply.kind === 'unreachable') return failClosed(intentId, reply.why, Date.now());
    return readDecision(intentId, reply.body);
  }

  function query(waitMs: number): string {
    const parts: string[] = [];
    if (waitMs > 0) parts.push(`wait=${Math.ceil(waitMs)}ms`);
    if (agent !== undefined) parts.push(`agent=${encodeURIComponent(agent)}`);
    return parts.length === 0 ? '' : `?${parts.join('&')}`;
  }

  return { propose, wait, outcome };
}

interface Until {
  readonly untilMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** An answer that cannot be read, or is about another intent, allows nothing. */
function readDecision(intentId: string, body: unknown): Decision {
  const decision = parseDecision(body);
  if (decision === undefined) return failClosed(intentId, 'the answer is no decision', Date.now());
  if (decision.intentId === intentId) return decision;
  return failClosed(intentId, 'the answer is about another intent', Date.now());
}
