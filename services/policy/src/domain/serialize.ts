/**
 * A state as text, the same for equal states whatever the history of their maps: live and rebuilt
 * state are compared byte for byte by it. Derived tables are left out.
 */
import type { PartitionState } from './state.ts';

/** JSON text with sorted keys; maps become sorted lists of pairs. */
export function serializeState(state: PartitionState): string {
  const { schedule: _schedule, decisionKinds: _kinds, changedLimits: _changed, ...kept } = state;
  return canonical(kept);
}

function canonical(value: unknown): string {
  if (value instanceof Map) {
    const pairs = [...value].map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`);
    return `{${pairs.sort().join(',')}}`;
  }
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const pairs = Object.entries(value).map(
      ([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`,
    );
    return `{${pairs.sort().join(',')}}`;
  }
  return JSON.stringify(value);
}
