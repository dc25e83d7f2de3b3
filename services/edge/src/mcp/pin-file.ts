/** `mcp-pins.json`: pinned tool definitions on disk, shared by every proxy that runs on the folder. */
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { isRecord } from '../domain/mcp/frame.ts';
import type { PinByTool, PinsByServer, ToolPin } from '../domain/mcp/tool-pins.ts';

const LOCK_WAIT_MS = 2_000;
const LOCK_PAUSE_MS = 10;
/** Nobody holds the lock for longer than a read and a write take: its holder has ended. */
const LOCK_STALE_MS = 10_000;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

export class PinFile {
  readonly path: string;
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.path = join(folder, 'mcp-pins.json');
  }

  /** What is pinned of a server. Throws when the file is there and cannot be understood. */
  read(server: string): PinByTool {
    const servers = this.#readAll();
    return Object.hasOwn(servers, server) ? (servers[server] ?? {}) : {};
  }

  /** Names of all servers with pins. */
  servers(): readonly string[] {
    return Object.keys(this.#readAll());
  }

  /**
   * Reads, changes and writes under a lock; `change` answers null when there is nothing to write. It
   * is told whether the server was ever seen, be it without any tool.
   */
  async update(
    server: string,
    change: (before: PinByTool, isKnown: boolean) => PinByTool | null,
  ): Promise<void> {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const lock = await takeLock(`${this.path}.lock`);
    try {
      const before = this.#readAll();
      const isKnown = Object.hasOwn(before, server);
      const next = change(isKnown ? (before[server] ?? {}) : {}, isKnown);
      if (next === null) return;
      const all = { ...before, [server]: next };
      const draft = `${this.path}.${process.pid}`;
      writeFileSync(draft, `${JSON.stringify(all, null, 2)}\n`, { mode: 0o600, flush: true });
      renameSync(draft, this.path);
    } finally {
      lock.release();
    }
  }

  #readAll(): PinsByServer {
    let text: string;
    try {
      text = readFileSync(this.path, 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
      throw error;
    }
    const servers = parsePins(text);
    if (servers !== undefined) return servers;
    throw new Error(`${this.path} holds no pins: correct it, or remove it to pin everything anew`);
  }
}

function parsePins(text: string): PinsByServer | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isPins(value) ? value : undefined;
}

function isPins(value: unknown): value is PinsByServer {
  return isRecord(value) && Object.values(value).every(isServer);
}

function isServer(value: unknown): value is PinByTool {
  return isRecord(value) && Object.values(value).every(isPin);
}

function isPin(value: unknown): value is ToolPin {
  if (!isRecord(value)) return false;
  const { pinned, changed } = value;
  const isNew = pinned === null && isDigest(changed);
  return isNew || (isDigest(pinned) && (changed === undefined || isDigest(changed)));
}

function isDigest(value: unknown): boolean {
  return typeof value === 'string' && DIGEST.test(value);
}

async function takeLock(path: string): Promise<{ release(): void }> {
  const untilMs = performance.now() + LOCK_WAIT_MS;
  for (;;) {
    try {
      closeSync(openSync(path, 'wx', 0o600));
      return { release: () => rmSync(path, { force: true }) };
    } catch (error) {
      if (performance.now() > untilMs) throw error;
    }
    if (isStale(path)) rmSync(path, { force: true });
    await pause(LOCK_PAUSE_MS);
  }
}

function isStale(path: string): boolean {
  try {
    return Date.now() - statSync(path).mtimeMs > LOCK_STALE_MS;
  } catch {
    return false;
  }
}
