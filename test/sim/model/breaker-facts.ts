/**
 * The breaker of one agent as DESIGN §5 to §7 tell of it: open denies, step-up asks, half-open lets
 * five reads try; what failed is open for 30 s, then twice as long each time, up to 15 minutes.
 */
import type { Halt, Intent, Outcome } from '@estop/schemas/messages';
import { covers } from './coverage.ts';
import { say } from './sayings.ts';

const PROBES = 5;
const LONGEST_MS = 15 * 60_000;
const DAY_MS = 24 * 60 * 60_000;

export type Mode = 'closed' | 'step-up' | 'open' | 'half-open';

/** A kill that is over, and the number of the record that says so. */
export interface EndedKill {
  readonly halt: Halt;
  readonly seq: number;
}

export interface Moment {
  readonly atMs: number;
  readonly seq: number;
}

export interface Asking extends Moment {
  readonly kills: Iterable<EndedKill>;
  readonly groups: readonly string[];
  readonly agentId: string;
  /** Null: time asks. */
  readonly tool: string | null;
}

export class BreakerFacts {
  mode: Mode = 'closed';
  untilMs: number | null = null;
  /** Calls that may still be lost, by when. */
  readonly trying = new Map<string, number>();
  passed = 0;
  /** It was open, and no person has looked at it since. */
  awaitsPerson = false;
  /** Of the agent's first record. */
  firstSeq = Number.POSITIVE_INFINITY;
  /** When the step-up that it was in before ends; what passes over it does not end it sooner. */
  #stepUp: { readonly untilMs: number | null } | null = null;
  #openings: number[] = [];
  /** When somebody last saw that it behaves, or said so: kills from before are forgiven. */
  #triedSeq = -1;

  get isFull(): boolean {
    return this.trying.size + this.passed >= PROBES;
  }

  /** What time and kills have changed when somebody asks. */
  due(asking: Asking): readonly string[] {
    const { atMs } = asking;
    const isOver = this.untilMs !== null && this.untilMs <= atMs;
    if (this.mode === 'open') return isOver ? this.#turn('half-open', 'time-over', asking) : [];
    const isLate = [...this.trying.values()].some((untilMs) => untilMs <= atMs);
    if (isLate) return this.fail(asking);
    if (this.#owes(asking)) return this.#turn('half-open', 'kill-lifted', asking);
    return isOver ? this.#turn('closed', 'time-over', asking) : [];
  }

  fail(now: Moment): readonly string[] {
    const openMs = Math.min(LONGEST_MS, 30_000 * 2 ** this.#opensLately(now.atMs));
    return this.#turn('open', 'probe-failed', { ...now, untilMs: now.atMs + openMs });
  }

  outcome({ intentId, status }: Outcome, now: Moment): readonly string[] {
    if (!this.trying.delete(intentId) || status === 'cancelled') return [];
    if (status !== 'ok') return this.fail(now);
    this.passed += 1;
    if (this.passed < PROBES) return [];
    const { untilMs } = this.#stepUp ?? { untilMs: 0 };
    const isOver = untilMs !== null && untilMs <= now.atMs;
    if (isOver) return this.#turn('closed', 'probes-passed', now);
    return this.#turn('step-up', 'probes-passed', { ...now, untilMs });
  }

  /** Null: it is stricter already. */
  trip(mode: 'open' | 'step-up', untilMs: number | null, now: Moment): readonly string[] | null {
    if (mode === 'step-up' && (this.mode === 'open' || this.mode === 'half-open')) return null;
    const isForEver = untilMs === null || (this.mode === mode && this.untilMs === null);
    const since = this.mode === mode ? (this.untilMs ?? 0) : 0;
    const end = isForEver ? null : Math.max(untilMs, since);
    return this.#turn(mode, mode === 'open' ? 'tripped' : 'stepped-up', { ...now, untilMs: end });
  }

  rearm(now: Moment): readonly string[] {
    this.#openings = [];
    return this.#turn('closed', 'rearmed', now);
  }

  #owes({ kills, agentId, groups, tool }: Asking): boolean {
    for (const { halt, seq } of kills) {
      const isFromBefore = seq <= this.firstSeq && halt.scope.agent === null;
      if (seq <= this.#triedSeq || isFromBefore) continue;
      if (tool === null && halt.scope.tool !== null) continue;
      const call = { agentId, tool } as Pick<Intent, 'agentId' | 'tool'>;
      if (covers(halt, call, groups)) return true;
    }
    return false;
  }

  #turn(
    to: Mode,
    cause: string,
    { atMs, seq, untilMs = null }: Moment & { readonly untilMs?: number | null },
  ): readonly string[] {
    const from = this.mode;
    const opens = this.#opensLately(atMs) + (to === 'open' && from !== 'open' ? 1 : 0);
    if (from === 'step-up') this.#stepUp = { untilMs: this.untilMs };
    if (to === 'closed' || to === 'step-up') this.#stepUp = null;
    if (to === 'open') this.awaitsPerson = true;
    if (cause === 'rearmed') this.awaitsPerson = false;
    if (to === 'open') this.#openings = [...Array<number>(opens - 1).fill(0), atMs];
    this.mode = to;
    this.untilMs = untilMs;
    this.trying.clear();
    this.passed = 0;
    if (to === 'half-open' || cause === 'rearmed') this.#triedSeq = seq;
    return [say.breaker({ from, to, cause, until: untilMs, opens })];
  }

  /** Openings count together while each is less than a day after the one before. */
  #opensLately(atMs: number): number {
    const last = this.#openings.at(-1);
    return last !== undefined && atMs - last < DAY_MS ? this.#openings.length : 0;
  }
}
