/** From a run that breaks a rule to a short one that breaks the same. */
import { type RunResult, run } from './run.ts';
import type { Scenario, Step } from './scenario.ts';
import type { Machinery } from './world/machinery.ts';

/** A scenario whose steps break a rule, and how. */
export interface Broken {
  readonly scenario: Scenario;
  readonly result: RunResult;
}

/** Takes steps away, in pieces of half the rest down to one, while the same rule stays broken. */
export function shrink(broken: Broken, machinery: () => Machinery, runsMax = 400): Broken {
  const rule = broken.result.violation?.rule;
  let best = withSteps(broken, broken.scenario.steps.slice(0, broken.result.steps));
  let runs = 0;
  const isShorter = (steps: readonly Step[]): boolean => {
    runs += 1;
    const scenario = { ...best.scenario, steps };
    const result = run(scenario, machinery());
    if (result.violation?.rule !== rule) return false;
    best = { scenario: { ...scenario, steps: steps.slice(0, result.steps) }, result };
    return true;
  };
  for (let size = Math.ceil(best.scenario.steps.length / 2); size >= 1; size = nextSize(size)) {
    for (let from = 0; from < best.scenario.steps.length && runs < runsMax; ) {
      const { steps } = best.scenario;
      if (!isShorter([...steps.slice(0, from), ...steps.slice(from + size)])) from += size;
    }
  }
  return best;
}

function nextSize(size: number): number {
  return size === 1 ? 0 : Math.ceil(size / 2);
}

function withSteps({ scenario, result }: Broken, steps: readonly Step[]): Broken {
  return { scenario: { ...scenario, steps }, result };
}
