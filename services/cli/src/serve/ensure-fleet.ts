/** Makes sure that a fleet is in force before estop says that it is ready. */
import { fileURLToPath } from 'node:url';
import type { Gateway } from '@estop/gateway/main';
import { LOCAL_OPERATOR } from '@estop/policy/domain/people';
import { CliError } from '../cli-error.ts';
import { EXIT } from '../domain/exit.ts';
import { checkFolder, formatProblem } from './fleet.ts';
import type { Shared } from './shared.ts';

/** The worked fleet that comes with estop; the same distance from src/ and dist/. */
const STARTER = fileURLToPath(new URL('../../../../infra/fleet', import.meta.url));

export interface FleetChoice {
  /** Applied when another one, or none, is active. */
  readonly wanted: string | undefined;
  /** Applied when none is active; null: the starter fleet. */
  readonly initial: string | null;
}

/** The hash of the fleet in force now. Throws CliError when the folder has problems. */
export async function ensureFleet(
  { context, checkFleet }: Shared,
  gateway: Gateway,
  choice: FleetChoice,
): Promise<string> {
  const active = gateway.activeFleet();
  if (choice.wanted === undefined && active !== null) return active;
  const folder = choice.wanted ?? choice.initial ?? STARTER;
  const { files, check } = await checkFolder(context, folder, checkFleet);
  if (!check.ok || files === null) {
    for (const problem of check.ok ? [] : check.problems) context.note(formatProblem(problem));
    throw new CliError(EXIT.error, `the fleet in ${folder} has problems`, `estop check ${folder}`);
  }
  if (check.bundle.hash === active) return active;
  const { hash, applied } = await gateway.putFleet(Object.fromEntries(files), LOCAL_OPERATOR.id);
  const { recorded, partitions } = applied;
  if (recorded < partitions) {
    context.note(`estop: the fleet is in force in ${recorded} of ${partitions} partitions so far`);
  }
  return hash;
}
