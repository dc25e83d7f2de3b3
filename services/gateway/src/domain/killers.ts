/** The persons who have said a kill: somebody else lifts it. */
import type { Halt } from '@estop/schemas/messages';

/** Of one kill; who comes later is not remembered, so that the first ones never are forgotten. */
const KILLERS_MAX = 16;

export function killersOf({
  mode,
  lifted,
  by,
  killers,
}: Pick<Halt, 'mode' | 'lifted' | 'by' | 'killers'>): readonly string[] {
  if (mode !== 'kill' || lifted) return [];
  return killers.length === 0 ? [by] : killers;
}

export function together(first: readonly string[], more: readonly string[]): readonly string[] {
  return [...new Set([...first, ...more])].slice(0, KILLERS_MAX);
}
