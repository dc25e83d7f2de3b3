/**
 * Spent permits on disk: one empty file each, made by the one process that may. They outlive the
 * process, and several processes may be one door. Files lie in folders by the minute in which they
 * may be forgotten.
 */
import { closeSync, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { sha256Text } from '@estop/schemas/digest';
import type { Spending, SpentPermits } from './domain/spent.ts';

const MINUTE_MS = 60_000;
/** A clock that jumps ahead must not make a door forget at once. */
const KEPT_AFTER_MINUTES = 60;
/** What one process spends within a minute of forgetting. */
const SPENT_PER_MINUTE_MAX = 500_000;

export function spentFolder(folder: string): SpentPermits {
  const spentByMinute = new Map<number, number>();

  function folderOf(minute: number, nowMs: number): string {
    const path = join(folder, String(minute));
    if (spentByMinute.has(minute)) return path;
    mkdirSync(path, { recursive: true, mode: 0o700 });
    spentByMinute.set(minute, 0);
    forgetBefore(Math.floor(nowMs / MINUTE_MS) - KEPT_AFTER_MINUTES);
    return path;
  }

  function forgetBefore(minute: number): void {
    for (const name of readdirSync(folder)) {
      const old = Number(name);
      if (!Number.isInteger(old) || old >= minute) continue;
      rmSync(join(folder, name), { recursive: true, force: true });
      spentByMinute.delete(old);
    }
  }

  return {
    spend(id, untilMs, nowMs): Spending {
      const minute = Math.floor(untilMs / MINUTE_MS);
      const spent = spentByMinute.get(minute) ?? 0;
      if (spent >= SPENT_PER_MINUTE_MAX) return 'full';
      try {
        const path = folderOf(minute, nowMs);
        closeSync(openSync(join(path, sha256Text(id).slice('sha256:'.length)), 'wx', 0o600));
      } catch (error) {
        if (isNodeError(error) && error.code === 'EEXIST') return 'spent-before';
        // A disk that takes no file remembers nothing: the call must not run.
        return 'full';
      }
      spentByMinute.set(minute, spent + 1);
      return 'first-use';
    },
  };
}

function isNodeError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error;
}
