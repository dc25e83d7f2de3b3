/**
 * Spent permits of a door that no other process is: one line each, in a file that is only appended to
 * until most of it may be forgotten. A hundred times cheaper than a file each (spent-folder.ts).
 */
import { closeSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { sha256Text } from '@estop/schemas/digest';
import type { Spending, SpentPermits } from './domain/spent.ts';

/** A clock that jumps ahead must not make a door forget at once. */
const KEPT_AFTER_MS = 60 * 60_000;
/** Permits remembered at a time; beyond that no call runs. */
const SPENT_MAX = 500_000;
/** The file is written anew when it has so many lines that are forgotten, and more than are not. */
const STALE_LINES_MIN = 10_000;

/** Throws when the file can be neither read nor made: without it nothing is remembered. */
export function spentLog(file: string): SpentPermits {
  const untilByHash = readLines(file);
  let lines = untilByHash.size;
  let descriptor = rewritten(file, untilByHash);

  function forget(nowMs: number): void {
    for (const [hash, untilMs] of untilByHash) {
      if (untilMs + KEPT_AFTER_MS <= nowMs) untilByHash.delete(hash);
    }
  }

  function compact(nowMs: number): void {
    forget(nowMs);
    if (lines - untilByHash.size < Math.max(STALE_LINES_MIN, untilByHash.size)) return;
    closeSync(descriptor);
    descriptor = rewritten(file, untilByHash);
    lines = untilByHash.size;
  }

  return {
    spend(id, untilMs, nowMs): Spending {
      const hash = sha256Text(id).slice('sha256:'.length);
      if (untilByHash.has(hash)) return 'spent-before';
      if (untilByHash.size >= SPENT_MAX) forget(nowMs);
      if (untilByHash.size >= SPENT_MAX) return 'full';
      try {
        if (lines > 0 && lines % STALE_LINES_MIN === 0) compact(nowMs);
        writeSync(descriptor, lineOf(hash, untilMs));
      } catch {
        // A disk that takes no line remembers nothing: the call must not run.
        return 'full';
      }
      untilByHash.set(hash, untilMs);
      lines += 1;
      return 'first-use';
    },
  };
}

/** A line that was cut by the end of its process is of a call that never ran. */
function readLines(file: string): Map<string, number> {
  const untilByHash = new Map<string, number>();
  for (const line of textOf(file).split('\n')) {
    const [, hash, untilMs] = /^([\da-f]{64}) (\d+)$/.exec(line) ?? [];
    if (hash !== undefined) untilByHash.set(hash, Number(untilMs));
  }
  return untilByHash;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}

/** Whole or not at all: what was remembered before stays until the new file has its name. */
function rewritten(file: string, untilByHash: ReadonlyMap<string, number>): number {
  const lines = [...untilByHash].map(([hash, untilMs]) => lineOf(hash, untilMs));
  const next = `${file}.next`;
  writeFileSync(next, lines.join(''), { mode: 0o600 });
  renameSync(next, file);
  return openSync(file, 'a', 0o600);
}

function lineOf(hash: string, untilMs: number): string {
  return `${hash} ${untilMs}\n`;
}
