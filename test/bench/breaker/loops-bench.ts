/** Recorded agent sessions through the rules about loops: where each would have been stopped. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULT_CONFIG } from '@estop/breaker/domain/config/breaker-config';
import { observe } from '@estop/breaker/domain/observe';
import type { Sample } from '@estop/breaker/domain/sample';
import { emptyState } from '@estop/breaker/domain/state/layout';
import type { Report } from './report.ts';

interface Session {
  readonly run: string;
  readonly label: string;
  readonly taskSucceeded: boolean;
  /** Seconds, tool, hash of the arguments, 1 for an error, characters of context after it. */
  readonly calls: readonly (readonly [number, string, string, 0 | 1, number])[];
}

interface Tripped {
  readonly session: Session;
  /** Number of the call, from 0; null: let run to its end. */
  readonly at: number | null;
}

const FOLDS = 5;
const REPEATS = 5;
/** A year in which nothing was recorded. */
const START_MS = 1_600_000_000_000;

export function benchLoops(dir: string, report: Report): void {
  const [uniform, runaway] = ['uniform', 'runaway'].map((name) => {
    const tripped = readSessions(join(dir, 'loops', `${name}.jsonl`)).map(trip);
    if (tripped.length === 0) return tripped;
    const rows = tripped.map(({ session, at }) => `${session.run},${at ?? ''}`);
    report.rows(`loops/${name}.csv`, ['run,trippedAtCall', ...rows]);
    return tripped;
  });
  if (uniform !== undefined && uniform.length > 0) reportUniform(uniform, report);
  if (runaway !== undefined && runaway.length > 0) reportRunaway(runaway, report);
}

function readSessions(path: string): readonly Session[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').trim().split('\n');
  return lines.map((line): Session => JSON.parse(line));
}

function trip(session: Session): Tripped {
  const state = emptyState(DEFAULT_CONFIG.prior);
  for (const at of session.calls.keys()) {
    const found = observe(state, sampleOf(session, at), DEFAULT_CONFIG);
    if (found.some(({ kind }) => kind === 'deterministic')) return { session, at };
  }
  return { session, at: null };
}

/** The recordings hold no results; how much longer a call made the context stands for one. */
function sampleOf(session: Session, at: number): Sample {
  const [seconds = 0, tool = '', hash = '', error = 0, characters = 0] = session.calls[at] ?? [];
  const before = session.calls[at - 1]?.[4] ?? 0;
  return {
    at: START_MS + Math.round(seconds * 1_000),
    ref: at + 1,
    session: session.run,
    tool,
    tier: 'write',
    decision: 'allow',
    outcome: {
      status: error === 1 ? 'error' : 'ok',
      microUsd: 0,
      tokens: 0,
      durationMs: null,
      resultDigest: `grown:${characters - before}`,
    },
    argumentsDigest: hash,
    targets: [],
    pollIntervalMs: null,
  };
}

function reportUniform(all: readonly Tripped[], report: Report): void {
  const ordinary = all.filter(({ session }) => session.label === 'other');
  const spread = (some: readonly Tripped[]) => spreadOf(some, shareTripped);
  report.figure(
    'loops, ordinary sessions tripped',
    percent(shareTripped(ordinary)),
    '≤ 1.5 %',
    spread(ordinary),
  );
  const tripped = all.filter(({ at }) => at !== null);
  report.figure(
    'loops, all of the uniform sample tripped',
    percent(shareTripped(all)),
    '-',
    spread(all),
  );
  report.figure(
    'loops, tripped ones that later succeeded',
    percent(shareSucceeded(tripped)),
    '≤ 20 %',
    spreadOf(tripped, shareSucceeded),
  );
  report.rival(
    'loops, 5 identical in a row, published',
    '1.1 to 2.2 %, of these 7 to 25 % succeeded',
  );
  report.rival('loops, 3 errors in a row, published', '0.8 to 2.7 %, of these 9 to 21 % succeeded');
}

function reportRunaway(runaway: readonly Tripped[], report: Report): void {
  report.figure(
    'loops, calls after the fifth repeat avoided',
    percent(shareAvoided(runaway)),
    '≥ 60 %',
    spreadOf(runaway, shareAvoided),
  );
}

function shareTripped(some: readonly Tripped[]): number {
  return some.filter(({ at }) => at !== null).length / some.length;
}

function shareSucceeded(tripped: readonly Tripped[]): number {
  return tripped.filter(({ session }) => session.taskSucceeded).length / tripped.length;
}

/** Of the calls after the fifth of the same in a row. */
function shareAvoided(runaway: readonly Tripped[]): number {
  let after = 0;
  let avoided = 0;
  for (const { session, at } of runaway) {
    const fifth = fifthRepeat(session);
    if (fifth === null) continue;
    const last = session.calls.length - 1;
    after += last - fifth;
    if (at !== null) avoided += last - Math.max(at, fifth);
  }
  return avoided / after;
}

function fifthRepeat({ calls }: Session): number | null {
  let run = 0;
  for (const [at, [, tool, hash]] of calls.entries()) {
    const before = calls[at - 1];
    run = before !== undefined && before[1] === tool && before[2] === hash ? run + 1 : 1;
    if (run === REPEATS) return at;
  }
  return null;
}

function spreadOf(some: readonly Tripped[], share: (some: readonly Tripped[]) => number): string {
  const shares = Array.from({ length: FOLDS }, (_, fold) =>
    share(some.filter((_, n) => n % FOLDS === fold)),
  ).sort((a, b) => a - b);
  return `${percent(shares[0] ?? 0)} to ${percent(shares.at(-1) ?? 0)}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.1 ? 2 : 1)} %`;
}
