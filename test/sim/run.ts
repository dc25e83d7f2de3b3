/** One run: a scenario's steps on a world, then quiet, then nothing may be left open. */
import { expectDrained } from './model/drained.ts';
import type { Scenario } from './scenario.ts';
import { Violation } from './violation.ts';
import { Actions } from './world/actions.ts';
import { drain } from './world/drain.ts';
import type { Machinery } from './world/machinery.ts';
import { World } from './world/world.ts';

export interface RunResult {
  readonly violation: Violation | null;
  /** How many steps had been taken. */
  readonly steps: number;
  readonly records: number;
  /** How often each kind of event was recorded. */
  readonly counts: ReadonlyMap<string, number>;
}

export function run(scenario: Scenario, machinery: Machinery): RunResult {
  const world = new World(scenario, machinery);
  const actions = new Actions(world);
  let steps = 0;
  try {
    for (const step of scenario.steps) {
      steps += 1;
      actions.take(step);
    }
    drain(world);
    expectDrained(world);
    return { ...resultOf(world), violation: null, steps };
  } catch (error) {
    return { ...resultOf(world), violation: asViolation(error), steps };
  }
}

function resultOf({ log, observer }: World): Pick<RunResult, 'records' | 'counts'> {
  const records = log.audit.reduce((sum, { length }) => sum + length, 0);
  return { records, counts: observer.counts };
}

/** An exception out of production code is a finding too. */
function asViolation(error: unknown): Violation {
  if (error instanceof Violation) return error;
  return new Violation(
    'crash',
    error instanceof Error ? (error.stack ?? error.message) : 'unknown',
  );
}
