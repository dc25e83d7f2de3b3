/** Where a door remembers the permits that it has used. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { SpentInMemory, type SpentPermits } from './domain/spent.ts';
import { spentFolder } from './spent-folder.ts';
import { spentLog } from './spent-log.ts';

/** Without a folder, as long as the process lives. `isShared`: other processes may be the same door. */
export function spentPermits(folder: string | undefined, isShared: boolean): SpentPermits {
  if (folder === undefined) return new SpentInMemory();
  if (isShared) return spentFolder(join(folder, 'spent'));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return spentLog(join(folder, 'spent.log'));
}
