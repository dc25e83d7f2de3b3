// A lock between processes: a symbolic link whose target is the pid of its holder, because a link
// is made and filled in one step. A holder that died is passed over.
import { readlink, rm, symlink } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 100;
const MAX_WAIT_MS = 15 * 60_000;

/**
 * Runs `work` while holding the lock file. Throws when the lock stays taken for 15 minutes.
 * Two waiters that find a dead holder at the same instant may both enter, so what is guarded must
 * stay correct then; the lock only keeps work from being done twice.
 */
export async function withFileLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  const deadlineMs = Date.now() + MAX_WAIT_MS;
  while (!(await tryLock(file))) {
    if (Date.now() > deadlineMs) throw new Error(`${file} is held by a process that does not end`);
    if (await isHolderDead(file)) await rm(file, { force: true });
    else await delay(POLL_MS);
  }
  try {
    return await work();
  } finally {
    await rm(file, { force: true });
  }
}

async function tryLock(file: string): Promise<boolean> {
  try {
    await symlink(String(process.pid), file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function isHolderDead(file: string): Promise<boolean> {
  const pid = Number(await readlink(file).catch(() => 'released'));
  if (!Number.isInteger(pid)) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
