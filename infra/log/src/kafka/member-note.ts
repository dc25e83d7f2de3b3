/**
 * Under which id this process is in a group, noted in a folder for whoever starts there next. A
 * process that is killed has not left, and the group gives its partitions to nobody until its session
 * is over: who comes next leaves in its place. To be wrong about that does no harm: who is put out
 * joins anew, and the chain rule tells two writers apart.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '@estop/schemas/errors';
import { type FolderLock, lockFolder } from '../folder-lock.ts';
import type { ClientConfig } from './client.ts';

const FILE = 'member';

export class MemberNote {
  /** The id of a process that has not left; null when there was none. */
  readonly predecessor: string | null;
  readonly #file: string;
  readonly #lock: FolderLock;

  constructor(file: string, lock: FolderLock) {
    this.predecessor = textOf(file);
    this.#file = file;
    this.#lock = lock;
  }

  /** Throws when it cannot be written: then the next process waits for the session to end. */
  write(memberId: string): void {
    writeFileSync(this.#file, memberId, { mode: 0o600 });
  }

  /** This member has left. */
  erase(): void {
    rmSync(this.#file, { force: true });
  }

  release(): Promise<void> {
    return this.#lock.release();
  }
}

/** Null when it cannot be kept, as while another process that lives keeps its own in this folder. */
export async function openMemberNote(
  folder: string,
  onClientLog: ClientConfig['onClientLog'],
): Promise<MemberNote | null> {
  try {
    return new MemberNote(join(folder, FILE), await lockFolder(folder));
  } catch (error) {
    const message = `${folder} keeps no note of the membership`;
    onClientLog?.({ level: 'warn', message, details: { cause: messageOf(error) } });
    return null;
  }
}

function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8') || null;
  } catch {
    return null;
  }
}
