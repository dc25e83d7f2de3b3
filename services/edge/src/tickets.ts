/**
 * Calls that wait for a person: by what they are, so that the same call goes through after the yes,
 * once, in whatever process it is made again.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isRecord } from './domain/json.ts';

/** Calls that wait at one point; the oldest is forgotten, and asked anew when it is made again. */
const TICKETS_MAX = 1_000;

export interface Ticket {
  readonly intentId: string;
  readonly approvalId: string;
  /** Nobody says yes after that, ms. */
  readonly expiresAt: number;
}

export interface Tickets {
  find(digest: string): Promise<Ticket | null>;
  keep(digest: string, ticket: Ticket): Promise<void>;
  /** Takes the ticket for the one call that it is good for; false: somebody else has. */
  claim(digest: string, intentId: string): Promise<boolean>;
  drop(digest: string): Promise<void>;
}

/** For a door that lives in one process. `max`: for tests. */
export function memoryTickets(max = TICKETS_MAX): Tickets {
  const byDigest = new Map<string, Ticket>();
  return {
    find: async (digest) => byDigest.get(digest) ?? null,
    keep: async (digest, ticket) => {
      byDigest.set(digest, ticket);
      for (const oldest of byDigest.keys()) {
        if (byDigest.size <= max) break;
        byDigest.delete(oldest);
      }
    },
    claim: async (digest, intentId) => {
      return byDigest.get(digest)?.intentId === intentId && byDigest.delete(digest);
    },
    drop: async (digest) => void byDigest.delete(digest),
  };
}

/**
 * For doors whose processes come and go: one file a ticket. A claim renames it, which one process
 * alone can do. A file that cannot be read is no ticket: the call is asked anew.
 */
export function folderTickets(folder: string, max = TICKETS_MAX): Tickets {
  const fileOf = (digest: string): string =>
    join(folder, `${digest.replace(/[^0-9a-f]/g, '')}.json`);

  async function find(digest: string): Promise<Ticket | null> {
    const file = fileOf(digest);
    // Before almost every call there is none: asked for at once, not by way of another thread.
    if (!existsSync(file)) return null;
    return readTicket(await readFile(file, 'utf8').catch(() => ''));
  }

  return {
    find,
    async keep(digest, ticket) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const file = fileOf(digest);
      const draft = `${file}.${process.pid}.${crypto.randomUUID()}.new`;
      await writeFile(draft, JSON.stringify(ticket), { mode: 0o600 });
      await rename(draft, file);
      await forgetOldest(folder, max);
    },
    async claim(digest, intentId) {
      const file = fileOf(digest);
      if ((await find(digest))?.intentId !== intentId) return false;
      const claimed = `${file}.${crypto.randomUUID()}.claimed`;
      const isMine = await rename(file, claimed).then(
        () => true,
        () => false,
      );
      if (!isMine) return false;
      // Between the look and the rename another ticket may have come: that one is put back.
      const ticket = readTicket(await readFile(claimed, 'utf8').catch(() => ''));
      if (ticket !== null && ticket.intentId !== intentId) {
        await rename(claimed, file);
        return false;
      }
      await rm(claimed, { force: true });
      return ticket !== null;
    },
    drop: (digest) => rm(fileOf(digest), { force: true }),
  };
}

function readTicket(text: string): Ticket | null {
  try {
    const value: unknown = JSON.parse(text);
    if (!isRecord(value)) return null;
    const { intentId, approvalId, expiresAt } = value;
    if (typeof intentId !== 'string' || typeof approvalId !== 'string') return null;
    return typeof expiresAt === 'number' ? { intentId, approvalId, expiresAt } : null;
  } catch {
    return null;
  }
}

async function forgetOldest(folder: string, max: number): Promise<void> {
  const names = await readdir(folder);
  if (names.length <= max) return;
  const aged = await Promise.all(
    names.map(async (name) => {
      const file = join(folder, name);
      return {
        file,
        atMs: await stat(file).then(
          ({ mtimeMs }) => mtimeMs,
          () => 0,
        ),
      };
    }),
  );
  aged.sort((one, other) => one.atMs - other.atMs);
  const excess = aged.slice(0, names.length - max);
  await Promise.all(excess.map(({ file }) => rm(file, { force: true })));
}
