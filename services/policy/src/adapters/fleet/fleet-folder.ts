/** Reads a fleet folder from disk: only files of a fleet, only inside the folder, bounded. */
import type { Dirent } from 'node:fs';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { messageOf } from '@estop/schemas/errors';
import { FILES_MAX, FLEET_BYTES_MAX, isFleetPath, isForPeople } from './fleet-paths.ts';
import { FILE_START, type FleetProblem, Report } from './report.ts';

const DEPTH_MAX = 8;
/** Folder entries looked at, those that are no part of a fleet included. */
const ENTRIES_MAX = 20_000;

export type FolderRead =
  | {
      readonly ok: true;
      /** Path with `/`, relative to the folder, to content. */
      readonly files: ReadonlyMap<string, string>;
      readonly warnings: readonly FleetProblem[];
    }
  | { readonly ok: false; readonly problems: readonly FleetProblem[] };

interface Walk {
  readonly root: string;
  readonly report: Report;
  readonly files: Map<string, string>;
  bytes: number;
  entries: number;
}

/** The files of a fleet folder. Never throws for what is on the disk. */
export async function readFleetFolder(folder: string): Promise<FolderRead> {
  const report = new Report();
  try {
    const root = await realpath(folder);
    const walk: Walk = { root, report, files: new Map(), bytes: 0, entries: 0 };
    await readFolder('', walk, 0);
    if (report.ok) return { ok: true, files: walk.files, warnings: report.warnings };
  } catch (error) {
    report.in('.').problem(FILE_START, `the folder cannot be read: ${messageOf(error)}`);
  }
  return { ok: false, problems: report.problems };
}

async function readFolder(path: string, walk: Walk, depth: number): Promise<void> {
  const entries = await readdir(join(walk.root, path), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith('.')) continue;
    const below = path === '' ? entry.name : `${path}/${entry.name}`;
    walk.entries += 1;
    if (walk.entries > ENTRIES_MAX) {
      walk.report.in(below).problem(FILE_START, `the folder has over ${ENTRIES_MAX} entries`);
    } else await readEntry(below, entry, { walk, depth });
    if (!walk.report.ok) return;
  }
}

async function readEntry(
  path: string,
  entry: Dirent,
  { walk, depth }: { readonly walk: Walk; readonly depth: number },
): Promise<void> {
  if (!(await isFolder(path, entry, walk))) return readOne(path, entry, walk);
  const holdsPolicies = path === 'policies' || path.startsWith('policies/');
  if (holdsPolicies && depth < DEPTH_MAX) await readFolder(path, walk, depth + 1);
  else warnOfIgnored(path, walk);
}

/** Symlinked folders are not followed: they could lead in circles. */
async function isFolder(path: string, entry: Dirent, { root }: Walk): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  const target = await stat(join(root, path)).catch(() => undefined);
  return target?.isDirectory() === true && !isFleetPath(path) && path !== 'policies';
}

async function readOne(path: string, entry: Dirent, walk: Walk): Promise<void> {
  if (!isFleetPath(path) && path !== 'policies') {
    warnOfIgnored(path, walk);
    return;
  }
  const report = walk.report.in(path);
  const target = await realpath(join(walk.root, path)).catch(() => undefined);
  if (target === undefined || !isInside(walk.root, target)) {
    report.problem(FILE_START, 'the symbolic link leads out of the folder', 'copy the file');
    return;
  }
  const { size, isFile } = await stat(target).then((s) => ({ size: s.size, isFile: s.isFile() }));
  if (!isFile) {
    const what = entry.isSymbolicLink() ? 'a link to a folder' : 'no regular file';
    report.problem(FILE_START, `this is ${what}`);
    return;
  }
  walk.bytes += size;
  if (walk.bytes > FLEET_BYTES_MAX || walk.files.size >= FILES_MAX) {
    const bound = `${FILES_MAX} files and ${FLEET_BYTES_MAX} bytes`;
    report.problem(FILE_START, `the fleet is too large: at most ${bound}`);
    return;
  }
  const text = decode(await readFile(target));
  if (text === undefined) report.problem(FILE_START, 'the file is not UTF-8');
  else walk.files.set(path, text);
}

function warnOfIgnored(path: string, { report }: Walk): void {
  if (isForPeople(path)) return;
  report.in(path).warning(FILE_START, 'this is no part of a fleet and is ignored');
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function isInside(root: string, target: string): boolean {
  const path = relative(root, target);
  return path !== '' && path !== '..' && !path.startsWith(`..${sep}`);
}
