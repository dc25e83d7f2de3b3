/** Calls that have begun and wait for input: each goes on once, under the yes that it began with. */
import { sha256Text } from '@estop/schemas/digest';
import canonicalize from 'canonicalize';
import type { Call, Outcome } from '../domain/call.ts';
import { answers, type InputAsked } from '../domain/mcp/continuation.ts';
import type { RunningCall } from '../point.ts';

/** A person fills in a form; what comes later is judged anew. Below what estop holds a call open for. */
const INPUT_MS_MAX = 5 * 60_000;
const OPEN_MAX = 1_000;

export interface OpenCall {
  readonly running: RunningCall;
  /** Requests that were sent on for it. */
  readonly legs: number;
  /** Of what was sent on so far. */
  readonly outcome: Outcome;
  /** Ends it, with what came of it. */
  end(outcome: Outcome): void;
}

interface Waiting {
  readonly open: OpenCall;
  readonly asked: InputAsked;
  /** Stops watching it. */
  release(): void;
}

export class OpenCalls {
  readonly #waitingByKey = new Map<string, Waiting>();

  /** Waits for the input, and ends the call with its outcome so far when none comes. */
  keep(call: Call, asked: InputAsked, open: OpenCall): void {
    const key = keyOf(call, asked);
    const { signal } = open.running;
    if (key === undefined || signal.aborted) return open.end(open.outcome);
    this.#giveUp(key);
    for (const oldest of this.#waitingByKey.keys()) {
      if (this.#waitingByKey.size < OPEN_MAX) break;
      this.#giveUp(oldest);
    }
    const onEnd = () => this.#giveUp(key);
    const tooLate = setTimeout(onEnd, INPUT_MS_MAX);
    tooLate.unref();
    signal.addEventListener('abort', onEnd, { once: true });
    const release = () => {
      clearTimeout(tooLate);
      signal.removeEventListener('abort', onEnd);
    };
    this.#waitingByKey.set(key, { open, asked, release });
  }

  /** The call that goes on with this input, for the one request that asks first. */
  take(call: Call, given: InputAsked): OpenCall | undefined {
    const key = keyOf(call, given);
    const waiting = key === undefined ? undefined : this.#waitingByKey.get(key);
    if (key === undefined || waiting === undefined) return undefined;
    if (!answers(given, waiting.asked)) return undefined;
    this.#waitingByKey.delete(key);
    waiting.release();
    return waiting.open;
  }

  close(): void {
    for (const key of [...this.#waitingByKey.keys()]) this.#giveUp(key);
  }

  #giveUp(key: string): void {
    const waiting = this.#waitingByKey.get(key);
    if (waiting === undefined) return;
    this.#waitingByKey.delete(key);
    waiting.release();
    waiting.open.end(waiting.open.outcome);
  }
}

/** The tool, its arguments and the server's state. */
function keyOf({ tool, arguments: args }: Call, { state }: InputAsked): string | undefined {
  const text = canonicalize([tool, args, state]);
  return text === undefined ? undefined : sha256Text(text);
}
