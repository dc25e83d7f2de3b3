/** Which calls weighed most: short lists of positions in the audit log. */
import {
  type AgentState,
  LOOP,
  LOOP_CALLS,
  LOOP_REF,
  read,
  SHOWN,
  SHOWN_CALLS,
  SHOWN_WEIGHT,
} from '../state/layout.ts';

export const NEWEST = 0;
export const ERRED = 1;
export const DENIED = 2;
export const NEW_NAMES = 3;
export const DEAREST = 4;
export const SLOWEST = 5;

/** Puts a call first in a list of the newest. */
export function showNewest({ f64 }: AgentState, list: number, ref: number): void {
  const start = SHOWN_CALLS + list * SHOWN;
  // A loop: for five places it is quicker than copyWithin.
  for (let at = start + SHOWN - 1; at > start; at -= 1) f64[at] = f64[at - 1] ?? 0;
  f64[start] = ref;
}

/** Puts a call into a list ordered by weight, heaviest first. */
export function showHeaviest({ f64 }: AgentState, list: number, call: Weighed): void {
  const refs = SHOWN_CALLS + list * SHOWN;
  const weights = SHOWN_WEIGHT + (list - DEAREST) * SHOWN;
  let at = SHOWN;
  while (at > 0 && read(f64, weights + at - 1) < call.weight) at -= 1;
  if (at === SHOWN) return;
  f64.copyWithin(refs + at + 1, refs + at, refs + SHOWN - 1);
  f64.copyWithin(weights + at + 1, weights + at, weights + SHOWN - 1);
  f64[refs + at] = call.ref;
  f64[weights + at] = call.weight;
}

interface Weighed {
  readonly ref: number;
  readonly weight: number;
}

/** Weights are those of one minute. */
export function forgetHeaviest({ f64 }: AgentState): void {
  f64.fill(0, SHOWN_CALLS + DEAREST * SHOWN, SHOWN_CALLS + (SLOWEST + 1) * SHOWN);
  f64.fill(0, SHOWN_WEIGHT, SHOWN_WEIGHT + 2 * SHOWN);
}

export function shown({ f64 }: AgentState, list: number): readonly number[] {
  const start = SHOWN_CALLS + list * SHOWN;
  return [...f64.subarray(start, start + SHOWN)].filter((ref) => ref !== 0);
}

/** The newest calls of the loop memory, newest first. */
export function shownLoop({ f64, u32 }: AgentState, calls: number): readonly number[] {
  const count = read(u32, LOOP.count);
  const length = Math.min(calls, SHOWN, count);
  return Array.from({ length }, (_, back) =>
    read(f64, LOOP_REF + ((count - 1 - back) % LOOP_CALLS)),
  );
}
