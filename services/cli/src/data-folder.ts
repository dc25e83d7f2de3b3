/** The local data folder: where an embedded start leaves its key and the address it serves at. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Io } from './io.ts';

export const DATA_DEFAULT = '.estop';

export interface DataFolder {
  readonly path: string;
  readonly keyFile: string;
  /** Holds the address of the running process; removed when it stops. */
  readonly addressFile: string;
}

/** The folder named by --data, else ESTOP_DATA, else `.estop` here. Need not exist. */
export function dataFolder(io: Io, option: string | undefined): DataFolder {
  const path = resolve(io.cwd, option ?? io.env['ESTOP_DATA'] ?? DATA_DEFAULT);
  return { path, keyFile: join(path, 'operator.key'), addressFile: join(path, 'address') };
}

/** Makes the folder, for its owner only. */
export function ensureDataFolder({ path }: DataFolder): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
}

/** A file's text without surrounding space; undefined when there is no such file. */
export function readTextFile(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
}
