/** Secrets of a local start: made once, in files that only their owner may read. */
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { DataFolder } from '../data-folder.ts';

const LINK_KEY_BYTES = 32;

/** The text of the file; `make` says what it holds when there is none yet. */
export function ensureSecretFile(file: string, make: () => string): string {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  if (!existsSync(file)) writeFileSync(file, `${make()}\n`, { mode: 0o600, flag: 'wx' });
  chmodSync(file, 0o600);
  return readFileSync(file, 'utf8').trim();
}

/** The key by which records on Kafka prove their writer; services elsewhere need the same one. */
export function ensureLinkKey(data: DataFolder): string {
  const make = () => randomBytes(LINK_KEY_BYTES).toString('base64url');
  return ensureSecretFile(join(data.path, 'link.key'), make);
}
