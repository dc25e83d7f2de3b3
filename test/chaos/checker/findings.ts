/** What tests say of a history. */
import { checkHistory } from './check.ts';
import type { History } from './history.ts';

/** Every rule that was broken, with its place. */
export function findings(history: History): readonly string[] {
  return checkHistory(history).violations.map(({ rule, place }) => `${rule} ${place}`);
}
