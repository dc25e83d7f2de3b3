/** A function that asks before it runs, and reports what became of it. */
import { sha256Text } from '@estop/schemas/digest';
import type { Asker, Cost, UndoCall } from './client.ts';
import { DeniedError } from './denied-error.ts';
import { isRecord, type JsonRecord } from './domain/json.ts';

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
interface GuardSession extends Pick<Asker, 'propose'> {
  sawTool(result: unknown): void;
}

interface Guarded<Args extends readonly unknown[], Result> {
  readonly asker: Asker;
  readonly session: GuardSession;
  readonly tool: string;
  readonly run: (...args: Args) => Result;
}

/**
 * Asks for each call, waits for approval when told to, runs the function once when allowed, and
 * reports the outcome. Throws DeniedError when it was not run, else what the function throws.
 * The result is noted as tool output in the session.
 */
export function guardTool<Args extends readonly unknown[], Result>(
  { asker, session, tool, run }: Guarded<Args, Result>,
  options: GuardOptions<Args, Awaited<Result>> = {},
): AsyncVersion<Args, Result> {
  return async function guarded(...args: Args): Promise<Awaited<Result>> {
    const asked = argumentsText(args, options);
    const decision = await session.propose(
      {
        tool,
        arguments: JSON.parse(asked),
        reason: options.reason?.(...args),
        task: options.task,
        cost: options.estimate?.(...args),
        undo: options.undo?.(...args),
      },
      { waitMs: options.approvalWaitMs ?? 0, signal: options.signal },
    );
    if (decision.decision !== 'allow') throw new DeniedError(tool, decision);
    await requireUnchanged(asked, args, decision.intentId);
    return runAndReport(decision.intentId, args);
  };

  /** What was allowed is exactly what was asked: arguments changed since then are another call. */
  async function requireUnchanged(asked: string, args: Args, intentId: string): Promise<void> {
    if (argumentsText(args, options) === asked) return;
    const error = 'the arguments changed after the decision';
    await report(intentId, { status: 'cancelled', error });
    throw new Error(`${tool} was not run: ${error}`);
  }

  async function runAndReport(intentId: string, args: Args): Promise<Awaited<Result>> {
    const startedMs = performance.now();
    const durationMs = () => Math.round(performance.now() - startedMs);
    let result: Awaited<Result>;
    try {
      result = await run(...args);
    } catch (error) {
      const status = isAbort(error) ? 'cancelled' : 'error';
      const text = String(error).slice(0, ERROR_CHARS_MAX);
      session.sawTool(text);
      await report(intentId, { status, durationMs: durationMs(), error: text });
      throw error;
    }
    session.sawTool(result);
    await report(intentId, {
      status: 'ok',
      durationMs: durationMs(),
      resultDigest: digestOf(result),
      cost: options.cost?.(result),
    });
    return result;
  }

  /** The call is over either way: a report that is lost or refused must not hide its result. */
  async function report(intentId: string, outcome: Parameters<Asker['outcome']>[1]): Promise<void> {
    try {
      await asker.outcome(intentId, outcome);
    } catch {
      // The hold expires and the call counts as unknown, which is what is true.
    }
  }
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
