/**
 * Names of enforcement points that this command opens. Permits are bound to the name, so a door that
 * is started again takes the name it had; doors that run at the same time have different ones.
 */
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CliError } from './cli-error.ts';
import type { DataFolder } from './data-folder.ts';
import { EXIT } from './domain/exit.ts';
import { ensureSecretFile } from './serve/secret-file.ts';

/** Doors of one kind that run on one data folder at the same time. */
const SLOTS_MAX = 256;
const ID_CHARS = 12;
const INSTALL_ID_BYTES = 16;

export interface PointSlot {
  readonly name: string;
  /** What this point remembers. */
  readonly folder: string;
  release(): void;
}

/** `kind` says what the door is, `identity` whose calls run there. */
export function takePointSlot(data: DataFolder, kind: string, identity: string): PointSlot {
  const root = join(data.path, 'points');
  mkdirSync(root, { recursive: true, mode: 0o700 });
  const install = ensureSecretFile(join(root, 'id'), () =>
    randomBytes(INSTALL_ID_BYTES).toString('hex'),
  );
  const id = createHash('sha256').update(`${install}\n${identity}`).digest('hex');
  for (let slot = 0; slot < SLOTS_MAX; slot += 1) {
    const name = `${kind}-${id.slice(0, ID_CHARS)}-${slot}`;
    const folder = join(root, name);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const lock = join(folder, 'pid');
    if (!takeLock(lock)) continue;
    return { name, folder, release: () => rmSync(lock, { force: true }) };
  }
  throw new CliError(EXIT.error, `${SLOTS_MAX} doors of this kind run on ${data.path} already`);
}

/** A lock whose process has ended is nobody's. */
function takeLock(file: string): boolean {
  try {
    const lock = openSync(file, 'wx', 0o600);
    writeFileSync(lock, String(process.pid));
    closeSync(lock);
    return true;
  } catch {
    if (isHeld(file)) return false;
  }
  rmSync(file, { force: true });
  return takeLock(file);
}

function isHeld(file: string): boolean {
  try {
    process.kill(Number(readFileSync(file, 'utf8')), 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
