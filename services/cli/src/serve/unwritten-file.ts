/** Halts that the log does not hold yet, as a file in the data folder. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { UnwrittenHalts } from '@estop/gateway/unwritten-halts';
import type { Logger } from '@estop/runtime/logger';
import { EstopError, messageOf } from '@estop/schemas/errors';
import type { Halt } from '@estop/schemas/messages';
import { keptHalt } from './kept-halt.ts';

const FILE = 'halts-unwritten.json';
const NAME_CHARS = 12;
/** Of what is neither read nor kept, in the log. */
const TOLD_CHARS_MAX = 4_096;

/** Survives a killed process and a lost power: each version, and its name, is synced before it counts. */
export function unwrittenFile(folder: string, logger: Logger): UnwrittenHalts {
  const file = join(folder, FILE);
  return {
    load() {
      if (!existsSync(file)) return [];
      const { halts, unread } = readHalts(readText(file));
      if (unread !== null) setAside(folder, unread, logger);
      return halts;
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

/** Where nobody can look, it is not known what is stopped: nothing starts. */
function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const problem = `${file} holds halts and cannot be read: make it a file that this user can read`;
    throw new EstopError('config-invalid', `${problem} (${messageOf(error)})`, { cause: error });
  }
}

/** The halts, and as text what is none of them: what cannot be read keeps nothing else from counting. */
function readHalts(text: string): {
  readonly halts: readonly Halt[];
  readonly unread: string | null;
} {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return { halts: [], unread: text };
  }
  if (!Array.isArray(read)) return { halts: [], unread: text };
  const halts: Halt[] = [];
  const bad: unknown[] = [];
  for (const one of read) {
    const halt = keptHalt(one);
    if (halt === undefined) bad.push(one);
    else halts.push(halt);
  }
  return { halts, unread: bad.length === 0 ? null : JSON.stringify(bad) };
}

/** Under a name of its content: read again, it makes no second file. */
function setAside(folder: string, unread: string, logger: Logger): void {
  const hash = createHash('sha256').update(unread).digest('hex').slice(0, NAME_CHARS);
  const aside = join(folder, `halts-unread-${hash}.json`);
  const file = join(folder, FILE);
  const remedy = `look at ${aside}, and halt again what it names`;
  try {
    writeFileSync(aside, unread, { mode: 0o600 });
    logger.error({ file, aside, remedy }, 'halts that were not written cannot be read: kept aside');
  } catch (error) {
    const told = unread.slice(0, TOLD_CHARS_MAX);
    const about = { file, unread: told, error: messageOf(error) };
    logger.error(about, 'halts that were not written cannot be read, nor kept aside');
  }
}
