/** A function that asks before it runs, and reports what became of it. */

import type { Refusal } from '@estop/edge/domain/call';
import type { Done } from '@estop/edge/point';
import { sha256Text } from '@estop/schemas/digest';
import type { Cost, Proposal, UndoCall } from './client.ts';
import { type CurrentCall, runningCall } from './current-call.ts';
import { DeniedError } from './denied-error.ts';
import { isRecord, type JsonRecord } from './domain/json.ts';
import type { Door } from './door.ts';
import { KilledError } from './killed-error.ts';

/** Longest error text that is reported. */
const ERROR_CHARS_MAX = 500;
/** Results above this size are reported without a digest. */
const DIGESTED_CHARS_MAX = 1024 * 1024;

/** The guarded function: the same parameters, and a promise of the same result. */
export type AsyncVersion<Args extends readonly unknown[], Result> = (
  ...args: Args
) => Promise<Awaited<Result>>;

export interface GuardOptions<Args extends readonly unknown[], Result> {
  /**
   * The arguments as estop sees them: what policies, schemas and people judge. Needed unless the
   * function takes one object, or nothing.
   */
  readonly arguments?: (...args: Args) => JsonRecord;
  /** Why the call is made, in the agent's words. */
  readonly reason?: (...args: Args) => string;
  readonly task?: string;
  /** What the call is expected to use; default: what the tool catalogue says. */
  readonly estimate?: (...args: Args) => Cost;
  /** What it really used. */
  readonly cost?: (result: Result) => Cost;
  readonly undo?: (...args: Args) => UndoCall;
  /** How long to wait for a person when one must approve, ms. Default 0: denied at once. */
  readonly approvalWaitMs?: number;
  readonly signal?: AbortSignal;
}

/** The session a function is guarded in, as far as the guard needs it. */
interface GuardSession {
  /** The proposal within the session, with its labels. */
  state(proposal: Proposal): Proposal;
  sawTool(result: unknown): void;
}

interface Guarded<Args extends readonly unknown[], Result> {
  readonly door: Door;
  readonly session: GuardSession;
  readonly tool: string;
  readonly run: (...args: Args) => Result;
}

type Came<Result> =
  | { readonly kind: 'returned'; readonly value: Result }
  | { readonly kind: 'threw'; readonly error: unknown };

/**
 * Asks for each call, waits for approval when told to, runs the function once when allowed, and
 * reports the outcome. Throws DeniedError when it was not run, else what the function throws.
 * The result is noted as tool output in the session. A kill that covers the call ends the wait for
 * it at once; the function hears of it by `currentCall().signal`.
 */
export function guardTool<Args extends readonly unknown[], Result>(
  { door, session, tool, run }: Guarded<Args, Result>,
  options: GuardOptions<Args, Awaited<Result>> = {},
): AsyncVersion<Args, Result> {
  return async function guarded(...args: Args): Promise<Awaited<Result>> {
    const asked = argumentsText(args, options);
    const proposal = session.state({
      tool,
      arguments: JSON.parse(asked),
      reason: options.reason?.(...args),
      task: options.task,
      cost: options.estimate?.(...args),
      undo: options.undo?.(...args),
    });
    const ran = await door.run(proposal, (running) => execute(running, asked, args), {
      waitMs: options.approvalWaitMs ?? 0,
      awaitReport: true,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    if (ran.kind === 'refused') throw errorOf(ran);
    if (ran.result.kind === 'threw') throw ran.result.error;
    return ran.result.value;
  };

  /** A question that was refused itself is no decision. */
  function errorOf(refusal: Refusal): unknown {
    return refusal.cause ?? new DeniedError(tool, door.decisionOf(refusal));
  }

  async function execute(
    running: CurrentCall,
    asked: string,
    args: Args,
  ): Promise<Done<Came<Awaited<Result>>>> {
    // What was allowed is exactly what was asked: arguments changed since then are another call.
    if (argumentsText(args, options) !== asked) {
      const error = 'the arguments changed after the decision';
      const thrown = new Error(`${tool} was not run: ${error}`);
      return { result: { kind: 'threw', error: thrown }, outcome: { status: 'cancelled', error } };
    }
    const startedMs = performance.now();
    const came = await until(running, runningCall.run(running, settle, run, args));
    return { result: came, outcome: outcomeOf(came, Math.round(performance.now() - startedMs)) };
  }

  function outcomeOf(came: Came<Awaited<Result>>, durationMs: number): Done<unknown>['outcome'] {
    if (came.kind === 'returned') {
      const { value } = came;
      session.sawTool(value);
      const cost = options.cost?.(value);
      return { status: 'ok', durationMs, resultDigest: digestOf(value), cost };
    }
    const { error } = came;
    const text = String(error).slice(0, ERROR_CHARS_MAX);
    session.sawTool(text);
    return { status: statusOf(error), durationMs, error: text };
  }
}

async function settle<Args extends readonly unknown[], Result>(
  run: (...args: Args) => Result,
  args: Args,
): Promise<Came<Awaited<Result>>> {
  try {
    return { kind: 'returned', value: await run(...args) };
  } catch (error) {
    return { kind: 'threw', error };
  }
}

/** What a call comes to; killed, it comes to that. */
function until<Result>(
  { signal }: CurrentCall,
  coming: Promise<Came<Result>>,
): Promise<Came<Result>> {
  return new Promise((resolve) => {
    const kill = (): void => resolve({ kind: 'threw', error: new KilledError(signal.reason) });
    signal.addEventListener('abort', kill, { once: true });
    void coming.then((came) => {
      signal.removeEventListener('abort', kill);
      resolve(came);
    });
  });
}

function statusOf(error: unknown): 'unknown' | 'cancelled' | 'error' {
  // What it did before it was killed, nobody knows.
  if (error instanceof KilledError) return 'unknown';
  return isAbort(error) ? 'cancelled' : 'error';
}

/** JSON text of the arguments as they are asked for: a copy nobody can change. */
function argumentsText<Args extends readonly unknown[], Result>(
  args: Args,
  options: GuardOptions<Args, Result>,
): string {
  if (options.arguments !== undefined) return JSON.stringify(options.arguments(...args));
  if (args.length === 0) return '{}';
  const [first] = args;
  if (args.length === 1 && isRecord(first)) return JSON.stringify(first);
  throw new TypeError('guard: say with options.arguments what these parameters are called');
}

function digestOf(result: unknown): string | undefined {
  try {
    const text = JSON.stringify(result);
    if (text === undefined || text.length > DIGESTED_CHARS_MAX) return undefined;
    return sha256Text(text);
  } catch {
    return undefined;
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
