/** Intents that wait for slices: bounded in number and time, served in the order they came. */
import type { LimitId } from '@estop/schemas/ids';
import type { LimitKind } from '@estop/schemas/messages';
import type { PartitionState } from '../state.ts';
import { limitKey } from './account.ts';
import type { AwaitedIntent, AwaitedRef } from './slice-state.ts';

export function awaitedKey({ agentId, intentId }: AwaitedRef): string {
  return `${agentId}/${intentId}`;
}

export function awaitedOf(state: PartitionState, ref: AwaitedRef): AwaitedIntent | undefined {
  return state.awaitedByKey.size === 0 ? undefined : state.awaitedByKey.get(awaitedKey(ref));
}

/** What waiting intents lack of a limit, in the order they came; one of them may be left out. */
export function needsOf(
  state: PartitionState,
  { kind, limitId }: { readonly kind: LimitKind; readonly limitId: LimitId },
  except?: AwaitedRef,
): readonly number[] {
  const amounts: number[] = [];
  for (const awaited of state.awaitedByKey.values()) {
    if (awaited.intentId === except?.intentId && awaited.agentId === except.agentId) continue;
    for (const need of awaited.needs) {
      if (need.kind === kind && need.limitId === limitId) amounts.push(need.amount);
    }
  }
  return amounts;
}

/** Takes out who waits for a limit that has changed since the last call, in the order they came. */
export function takeResumable(state: PartitionState): readonly AwaitedRef[] {
  const { changedLimits, awaitedByKey } = state;
  if (changedLimits.size === 0) return [];
  const refs: AwaitedRef[] = [];
  for (const awaited of awaitedByKey.values()) {
    if (awaited.needs.some((need) => changedLimits.has(limitKey(need)))) refs.push(awaited);
  }
  changedLimits.clear();
  return refs;
}

/** Who has waited long enough. */
export function overdue(state: PartitionState, atMs: number): readonly AwaitedRef[] {
  const refs: AwaitedRef[] = [];
  for (const awaited of state.awaitedByKey.values()) {
    if (awaited.untilMs <= atMs) refs.push(awaited);
  }
  return refs;
}
