/** Many seeds, one after the other, and what came of them. */
import { run } from './run.ts';
import { type Scenario, scenarioOf } from './scenario.ts';
import type { Machinery } from './world/machinery.ts';

export interface BatchOrder {
  readonly fromSeed: number;
  readonly seeds: number;
  readonly steps: number;
}

export interface BatchTotals {
  seeds: number;
  records: number;
  readonly counts: Record<string, number>;
  /** The first seed that broke a rule. */
  broken: { readonly seed: number; readonly steps: number; readonly message: string } | null;
}

export function emptyTotals(): BatchTotals {
  return { seeds: 0, records: 0, counts: {}, broken: null };
}

export function addTotals(sum: BatchTotals, other: BatchTotals): void {
  sum.seeds += other.seeds;
  sum.records += other.records;
  for (const [kind, count] of Object.entries(other.counts)) {
    sum.counts[kind] = (sum.counts[kind] ?? 0) + count;
  }
  sum.broken ??= other.broken;
}

/** Stops at the first seed that breaks a rule. */
export function runBatch(order: BatchOrder, machinery: () => Machinery): BatchTotals {
  const totals = emptyTotals();
  for (let seed = order.fromSeed; seed < order.fromSeed + order.seeds; seed += 1) {
    const scenario: Scenario = scenarioOf(seed, order.steps);
    const { violation, steps, records, counts } = run(scenario, machinery());
    addTotals(totals, { seeds: 1, records, counts: Object.fromEntries(counts), broken: null });
    if (violation === null) continue;
    totals.broken = { seed, steps, message: violation.message };
    break;
  }
  return totals;
}
