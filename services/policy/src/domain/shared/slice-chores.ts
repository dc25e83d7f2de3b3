/** What time brings for shared limits: idle slices, recalls without an answer, asks to repeat. */
import type { Input } from '../input.ts';
import type { PartitionState } from '../state.ts';
import { asksToRepeat, isIdle } from './holder.ts';
import { isRecallLate } from './home.ts';
import type { SliceBody } from './messages.ts';

/** How soon the next look is due while somebody waits for slices. */
export const SLICES_MS = 50;
const CHORES_MS = 100;
const REPEAT_MS = 1_000;

/** Whether anybody here or elsewhere waits for what this partition does next. */
export function awaitsSlices({ awaitedByKey, poolByLimit }: PartitionState): boolean {
  if (awaitedByKey.size > 0) return true;
  for (const { queue } of poolByLimit.values()) if (queue.length > 0) return true;
  return false;
}

export class SliceChores {
  readonly #state: PartitionState;
  #nextLookMs = 0;
  #nextRepeatMs = 0;

  constructor(state: PartitionState) {
    this.#state = state;
  }

  /** Inputs that are due by the log's time. */
  due(nowMs: number): readonly Input[] {
    const { accountByLimit, poolByLimit } = this.#state;
    if (nowMs < this.#nextLookMs || accountByLimit.size + poolByLimit.size === 0) return [];
    this.#nextLookMs = nowMs + CHORES_MS;
    const inputs: Input[] = [];
    for (const account of accountByLimit.values()) {
      if (isIdle(account, nowMs)) inputs.push({ type: 'slice-idle', account });
    }
    for (const pool of poolByLimit.values()) {
      if (isRecallLate(pool, nowMs)) inputs.push({ type: 'recall-late', pool });
    }
    return inputs;
  }

  /** Asks that wait for too long: they or their answers were lost. */
  unanswered(nowMs: number): readonly SliceBody[] {
    if (nowMs < this.#nextRepeatMs) return [];
    this.#nextRepeatMs = nowMs + REPEAT_MS;
    return asksToRepeat(this.#state, nowMs).map((ask) => ({ type: 'RequestSlice', ask }));
  }
}
