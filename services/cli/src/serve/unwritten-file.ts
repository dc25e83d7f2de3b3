/** Halts that the log does not hold yet, as a file in the data folder. */
import { existsSync, readFileSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { UnwrittenHalts } from '@estop/gateway/unwritten-halts';
import type { Logger } from '@estop/runtime/logger';
import { messageOf } from '@estop/schemas/errors';
import type { Halt } from '@estop/schemas/messages';

const FILE = 'halts-unwritten.json';

/** Survives a killed process and a lost power: each version, and its name, is synced before it counts. */
export function unwrittenFile(folder: string, logger: Logger): UnwrittenHalts {
  const file = join(folder, FILE);
  return {
    load() {
      if (!existsSync(file)) return [];
      try {
        const read: unknown = JSON.parse(readFileSync(file, 'utf8'));
        return Array.isArray(read) ? read.filter(isHalt) : [];
      } catch (error) {
        logger.error({ file, error: messageOf(error) }, 'halts that were not written are lost');
        return [];
      }
    },
    async save(halts) {
      if (halts.length === 0) return rm(file, { force: true });
      const draft = `${file}.new`;
      await withOpen(await open(draft, 'w', 0o600), async (handle) => {
        await handle.writeFile(JSON.stringify(halts));
        await handle.sync();
      });
      await rename(draft, file);
      await withOpen(await open(folder, 'r'), (handle) => handle.sync());
    },
  };
}

async function withOpen(
  handle: FileHandle,
  use: (handle: FileHandle) => Promise<void>,
): Promise<void> {
  try {
    await use(handle);
  } finally {
    await handle.close();
  }
}

/** Written by this program: it is looked at only as far as a torn or edited file could hurt. */
function isHalt(value: unknown): value is Halt {
  if (typeof value !== 'object' || value === null) return false;
  const { haltId, scope, mode, epoch, by } = { ...value } as Partial<Record<keyof Halt, unknown>>;
  const texts = [haltId, mode, by];
  return texts.every((text) => typeof text === 'string') && typeof epoch === 'number' && !!scope;
}
