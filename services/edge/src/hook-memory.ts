/** What the hooks of one machine know of each other: each runs in a process of its own. */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256Text } from '@estop/schemas/digest';
import { isRecord } from './domain/json.ts';
import { folderTickets, type Tickets } from './tickets.ts';

/** Notes of one kind. A newer one takes the place of an older one that has the same place. */
const PLACES = 4_096;
const HEX_FROM = 'sha256:'.length;
/** 16 of the bits of a digest, of which the places take the remainder. */
const PLACE_DIGITS = 4;

export interface Note {
  readonly text: string;
  /** When it was kept, ms since 1970. */
  readonly atMs: number;
}

export interface Notes {
  keep(key: string, note: Note): Promise<void>;
  /** Takes a note away: of all that ask for it one gets it. */
  take(key: string): Promise<Note | null>;
}

export interface HookMemory {
  /** Calls that wait for a person. */
  readonly tickets: Tickets;
  /** Calls that run: their intents. */
  readonly running: Notes;
  /** Calls that were let through, and of which a second event is still to come. */
  readonly twins: Notes;
}

/** In a folder that is made when it is needed, for its owner alone. */
export function folderMemory(folder: string): HookMemory {
  return {
    tickets: folderTickets(join(folder, 'tickets')),
    running: folderNotes(join(folder, 'running')),
    twins: folderNotes(join(folder, 'twins')),
  };
}

function folderNotes(folder: string): Notes {
  return {
    async keep(key, note) {
      const file = join(folder, placeOf(key));
      const draft = `${file}.${process.pid}.new`;
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeFile(draft, JSON.stringify({ key, ...note }), { mode: 0o600 });
      await rename(draft, file);
    },
    async take(key) {
      const file = join(folder, placeOf(key));
      if ((await readNote(file, key)) === null) return null;
      const taken = `${file}.${process.pid}.taken`;
      const isMine = await rename(file, taken).then(
        () => true,
        () => false,
      );
      if (!isMine) return null;
      const note = await readNote(taken, key);
      await rm(taken, { force: true });
      return note;
    },
  };
}

function placeOf(key: string): string {
  const digits = sha256Text(key).slice(HEX_FROM, HEX_FROM + PLACE_DIGITS);
  return `${Number.parseInt(digits, 16) % PLACES}.json`;
}

/** The note in a file; null when there is none, it cannot be read, or it is about something else. */
async function readNote(file: string, key: string): Promise<Note | null> {
  const text = await readFile(file, 'utf8').catch(() => '');
  try {
    const value: unknown = JSON.parse(text);
    if (!isRecord(value) || value['key'] !== key) return null;
    const { text: said, atMs } = value;
    return typeof said === 'string' && typeof atMs === 'number' ? { text: said, atMs } : null;
  } catch {
    return null;
  }
}
