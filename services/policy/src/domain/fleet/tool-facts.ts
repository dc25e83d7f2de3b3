/** What the catalogue says about a call: its cost and its targets. */
import type { Json, JsonObject } from '../fleet.ts';
import type { CheckedTool } from './checked-fleet.ts';
import { parsePointer, valueAt } from './json-pointer.ts';

/** As for every amount: sums stay below 2^53. */
const COST_MAX_MICRO_USD = 4_000_000_000_000_000;
/** Targets of one call; more are not told apart. */
const TARGETS_MAX = 256;

type Cost = number | null | 'invalid';

/** Reads what a call costs, by the catalogue. */
export function costReader({ cost }: CheckedTool): (args: JsonObject) => Cost {
  if (typeof cost !== 'string') return () => cost;
  const steps = parsePointer(cost) ?? [];
  return (args) => {
    const value = valueAt(args, steps);
    if (typeof value !== 'number' || !Number.isInteger(value)) return 'invalid';
    return value >= 0 && value <= COST_MAX_MICRO_USD ? value : 'invalid';
  };
}

/** Reads whom or what a call is aimed at; lists stand for each of their items. */
export function targetsReader({ targets }: CheckedTool): (args: JsonObject) => readonly string[] {
  if (targets.length === 0) return () => NO_TARGETS;
  const pointers = targets.map((pointer) => parsePointer(pointer) ?? []);
  return (args) => {
    const found: string[] = [];
    for (const steps of pointers) addTargets(valueAt(args, steps), found);
    return found.length <= TARGETS_MAX ? found : found.slice(0, TARGETS_MAX);
  };
}

const NO_TARGETS: readonly string[] = [];

function addTargets(value: Json | undefined, found: string[]): void {
  if (value === undefined || value === null) return;
  if (typeof value === 'string') found.push(value);
  else if (Array.isArray(value)) {
    for (const item of value.slice(0, TARGETS_MAX)) addTargets(item, found);
  } else if (typeof value === 'object') found.push(JSON.stringify(value));
  else found.push(String(value));
}
