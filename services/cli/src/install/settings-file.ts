/** A host's file of settings: read, written whole or not at all, with the text of before beside it. */
import {
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';

const MODE_NEW = 0o600;

export function readSettings(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

/** The text of before the first of our edits; undefined when there was no file. */
export function readBackup(file: string): string | undefined {
  const backup = backupOf(file);
  return existsSync(backup) ? readFileSync(backup, 'utf8') : undefined;
}

export function keepBackup(file: string, text: string): string {
  writeFileSync(backupOf(file), text, { mode: modeOf(file) });
  return backupOf(file);
}

export function dropBackup(file: string): void {
  rmSync(backupOf(file), { force: true });
}

/** Through a link to the file it names. */
export function writeSettings(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  const target = existsSync(file) ? realpathSync(file) : file;
  const draft = `${target}.estop-new`;
  writeFileSync(draft, text, { mode: modeOf(file) });
  renameSync(draft, target);
}

export function removeSettings(file: string): void {
  rmSync(file);
}

function modeOf(file: string): number {
  return existsSync(file) ? statSync(file).mode & 0o777 : MODE_NEW;
}

function backupOf(file: string): string {
  return `${file}.estop-backup`;
}
