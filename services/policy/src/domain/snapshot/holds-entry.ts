/** The amounts that allowed intents of one agent hold: many intents, few budgets. */
import type { BudgetId, IntentId } from '@estop/schemas/ids';
import type { BudgetUse } from '@estop/schemas/messages';
import type { AgentState } from '../state.ts';

/** Of one use: which window, and the amount. */
const USE_FIELDS = 2;

/**
 * Which of the decided intents, counted from the newest, or its id; how long after the row before it
 * ends; the uses.
 */
type HoldRow = readonly [place: number | IntentId, sinceMs: number, ...uses: number[]];

/** The last is left out of budgets that no other agent shares. */
type WindowRow = readonly [BudgetId, windowStart: number, shared?: true];

export interface HoldsEntry {
  readonly windows: readonly WindowRow[];
  readonly rows: readonly HoldRow[];
}

export function holdsEntry({ holdById, decidedById }: AgentState): HoldsEntry {
  const placeOf = new Map<IntentId, number>();
  for (const intentId of decidedById.keys()) {
    placeOf.set(intentId, decidedById.size - placeOf.size);
  }
  const numberOf = new Map<string, number>();
  const windows: WindowRow[] = [];
  const windowOf = ({ budgetId, windowStart, shared }: BudgetUse): number => {
    const text = `${windowStart} ${shared} ${budgetId}`;
    const known = numberOf.get(text);
    if (known !== undefined) return known;
    numberOf.set(text, windows.length);
    const row: WindowRow = shared ? [budgetId, windowStart, true] : [budgetId, windowStart];
    return windows.push(row) - 1;
  };
  let lastMs = 0;
  const rows = [...holdById].map(([intentId, { untilMs, uses }]): HoldRow => {
    const flat = uses.flatMap((use) => [windowOf(use), use.amount]);
    const sinceMs = untilMs - lastMs;
    lastMs = untilMs;
    return [placeOf.get(intentId) ?? intentId, sinceMs, ...flat];
  });
  return { windows, rows };
}

/** Adds the holds of an entry to an agent whose decided intents are there. */
export function readHolds({ windows, rows }: HoldsEntry, agent: AgentState): void {
  const decided = [...agent.decidedById.keys()];
  let untilMs = 0;
  for (const [place, sinceMs, ...flat] of rows) {
    untilMs += sinceMs;
    const intentId = typeof place === 'number' ? decided[decided.length - place] : place;
    if (intentId === undefined) throw new RangeError(`no decided intent ${place} from the end`);
    const uses: BudgetUse[] = [];
    for (let at = 0; at < flat.length; at += USE_FIELDS) {
      const [number = 0, amount = 0] = flat.slice(at, at + USE_FIELDS);
      const window = windows[number];
      if (window === undefined) throw new RangeError(`a hold is on no budget: ${number}`);
      const [budgetId, windowStart, shared = false] = window;
      uses.push({ budgetId, windowStart, amount, shared });
    }
    agent.holdById.set(intentId, { uses, untilMs });
  }
}
