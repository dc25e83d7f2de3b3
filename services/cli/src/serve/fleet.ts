/** Fleets from folders, checked with the very code that a running estop checks them with. */
import { resolve } from 'node:path';
import { bundleHash } from '@estop/policy/adapters/fleet/bundle-hash';
import { checkFleet, type FleetCheck } from '@estop/policy/adapters/fleet/check-fleet';
import { type CompiledFleet, compileFleet } from '@estop/policy/adapters/fleet/compile-fleet';
import { readFleetFolder } from '@estop/policy/adapters/fleet/fleet-folder';
import type { FleetProblem } from '@estop/policy/adapters/fleet/report';
import { EstopError } from '@estop/schemas/errors';
import { CliError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../domain/exit.ts';

/** Problems that are told of a bundle in the log. */
const TOLD_PROBLEMS_MAX = 5;

export type FleetFiles = ReadonlyMap<string, string>;

/** What a folder holds, checked. `files` is null when it could not even be read. */
export interface FolderCheck {
  readonly files: FleetFiles | null;
  readonly check: FleetCheck;
}

export async function checkFolder(
  context: Context,
  folder: string,
  checkFiles: CheckFleet = checkFleet,
): Promise<FolderCheck> {
  const read = await readFleetFolder(resolve(context.io.cwd, folder));
  if (!read.ok) return { files: null, check: { ok: false, problems: read.problems } };
  const check = await checkFiles(read.files);
  if (!check.ok) return { files: read.files, check };
  const warnings = [...new Map([...read.warnings, ...check.warnings].map(byText)).values()];
  return { files: read.files, check: { ...check, warnings } };
}

function byText(problem: FleetProblem): readonly [string, FleetProblem] {
  return [formatProblem(problem), problem];
}

/** The fleet of a folder, ready to decide; ends the command when it has problems. */
export async function loadFolder(context: Context, folder: string): Promise<CompiledFleet> {
  const { check } = await checkFolder(context, folder);
  if (check.ok) return compileFleet(check.bundle);
  for (const problem of check.problems) context.note(formatProblem(problem));
  throw new CliError(EXIT.error, `the fleet in ${folder} has problems`);
}

export type CheckFleet = (files: FleetFiles) => Promise<FleetCheck>;

/**
 * `checkFleet` for a process in which several parts check the same bundle one after the other: the
 * newest answer is kept.
 */
export function createFleetChecker(): CheckFleet {
  let newest: { readonly hash: string; readonly check: Promise<FleetCheck> } | undefined;
  return (files) => {
    const hash = bundleHash(files);
    if (newest?.hash !== hash) newest = { hash, check: checkFleet(files) };
    return newest.check;
  };
}

/** Compiles the files of a bundle that was applied; rejects when they are not fit to decide. */
export async function compileFiles(
  checkFiles: CheckFleet,
  files: FleetFiles,
): Promise<CompiledFleet> {
  const check = await checkFiles(files);
  if (check.ok) return compileFleet(check.bundle);
  const first = check.problems.map(formatProblem).slice(0, TOLD_PROBLEMS_MAX);
  throw new EstopError('fleet-invalid', first.join('\n'));
}

/** `file:line:column: message (hint)`: editors make it a link. */
export function formatProblem(problem: FleetProblem): string {
  const { file, line, column, message, hint } = problem;
  return `${file}:${line}:${column}: ${message}${hint === undefined ? '' : ` (${hint})`}`;
}
