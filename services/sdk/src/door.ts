/** The enforcement point of one client: opened with its first guarded call. */
import type { Ran, Refusal } from '@estop/edge/domain/call';
import { type EnforcementPoint, type Execute, openPoint, type RunOptions } from '@estop/edge/point';
import type { Asker, Proposal } from './client.ts';
import { type Decision, failClosed, type NotAllowed } from './domain/decision.ts';

/** Decisions of questions that are on their way to who asked. */
const DECISIONS_MAX = 10_000;

export interface DoorOptions {
  readonly url: string;
  readonly key: string;
  readonly agent: string | undefined;
  readonly name: string;
  readonly asker: Asker;
}

export class Door {
  readonly #options: DoorOptions;
  readonly #decisionById = new Map<string, NotAllowed>();
  #point: EnforcementPoint | null = null;

  constructor(options: DoorOptions) {
    this.#options = options;
  }

  run<Result>(call: Proposal, execute: Execute<Result>, options: RunOptions): Promise<Ran<Result>> {
    this.#point ??= this.#open();
    return this.#point.run(call, execute, options);
  }

  /** The decision behind a refusal; where the door itself said no, one that says why. */
  decisionOf(refusal: Refusal): NotAllowed {
    const { intentId, reason, message } = refusal;
    const known = intentId === null ? undefined : this.#take(intentId);
    if (known !== undefined) return known;
    const denied = failClosed(intentId ?? '', message, Date.now());
    return { ...denied, message, reason: reason === 'halted' ? 'halted' : 'timed-out' };
  }

  async close(): Promise<void> {
    const point = this.#point;
    this.#point = null;
    await point?.close();
  }

  #open(): EnforcementPoint {
    const { url, key, name, agent, asker } = this.#options;
    return openPoint({
      url,
      key,
      name,
      agent,
      asker: {
        propose: async (call, options) => this.#note(await asker.propose(call, options)),
        wait: async (intentId, options) => this.#note(await asker.wait(intentId, options)),
        outcome: asker.outcome,
      },
      clock: { nowMs: Date.now, monotonicMs: () => performance.now() },
    });
  }

  #note(decision: Decision): Decision {
    if (decision.decision === 'allow') return decision;
    this.#decisionById.set(decision.intentId, decision);
    for (const oldest of this.#decisionById.keys()) {
      if (this.#decisionById.size <= DECISIONS_MAX) break;
      this.#decisionById.delete(oldest);
    }
    return decision;
  }

  #take(intentId: string): NotAllowed | undefined {
    const decision = this.#decisionById.get(intentId);
    this.#decisionById.delete(intentId);
    return decision;
  }
}
