/** An enforcement point whose decisions a test makes. */
import type { Call, Outcome, Ran, Refusal } from '../../src/domain/call.ts';
import type { Done, EnforcementPoint, RunningCall } from '../../src/point.ts';

export type Decide = (call: Call, signal: AbortSignal | undefined) => Promise<Refusal | 'allow'>;

export class FakePoint implements EnforcementPoint {
  readonly name = 'test-point';
  readonly hasLease = true;
  readonly asked: Call[] = [];
  readonly outcomes: Outcome[] = [];
  /** What a call that goes on is refused with. */
  halted: Refusal | null = null;
  readonly #decide: Decide;
  readonly #listeners: ((why: string) => void)[] = [];
  readonly #running = new Set<AbortController>();

  constructor(decide: Decide = () => Promise.resolve('allow')) {
    this.#decide = decide;
  }

  async run<Result>(
    call: Call,
    execute: (running: RunningCall) => Promise<Done<Result>>,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<Ran<Result>> {
    this.asked.push(call);
    const decided = await this.#decide(call, options.signal);
    if (decided !== 'allow') return decided;
    const stop = new AbortController();
    this.#running.add(stop);
    const intentId = `i-${this.asked.length}`;
    const recheck = () => this.halted;
    const done = await execute({ intentId, signal: stop.signal, recheck });
    this.#running.delete(stop);
    this.outcomes.push(done.outcome);
    return { kind: 'ran', result: done.result };
  }

  onKill(listener: (why: string) => void): void {
    this.#listeners.push(listener);
  }

  kill(why = 'halt h-1'): void {
    for (const listener of this.#listeners) listener(why);
  }

  /** As a kill does that covers a running call, and not the agent as a whole. */
  stopRunning(): void {
    for (const stop of this.#running) stop.abort();
  }

  admit<Result>(): Promise<Ran<Result>> {
    return Promise.reject(new Error('nobody brings permits along here'));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

export const DENIED: Refusal = {
  kind: 'refused',
  reason: 'denied',
  message: 'no rule lets this agent do it.',
  intentId: 'i-1',
  code: 'not-permitted',
};

export const WAITS: Refusal = {
  kind: 'refused',
  reason: 'needs-approval',
  message: 'a person must look at it first.',
  intentId: 'i-1',
  code: 'approval-required',
  approval: { id: 'ap-7', expiresAt: 1_800_000_000_000 },
};
