/** Wording shared by the messages that people and agents read. */

/** A duration for people: the largest unit that leaves at least one, one decimal below ten. */
export function durationText(ms: number): string {
  if (ms < 1_000) return `${Math.ceil(ms)} ms`;
  if (ms < 120_000) return `${Math.ceil(ms / 1_000)} s`;
  if (ms < 2 * 3_600_000) return `${Math.ceil(ms / 60_000)} min`;
  if (ms < 48 * 3_600_000) return `${Math.ceil(ms / 3_600_000)} h`;
  return `${Math.ceil(ms / 86_400_000)} days`;
}

/** An amount in the unit of a budget. */
export function amountText(unit: string, amount: number): string {
  if (unit !== 'microUsd') return `${amount} ${unit}`;
  const cents = Math.floor(amount / 10_000);
  const rest = amount % 10_000;
  const dollars = `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;
  return rest === 0 ? `$${dollars}` : `$${dollars}${String(rest).padStart(4, '0')}`;
}

/** The beginning of a text. Half of a surrogate pair would come back from the log as another character. */
export function cut(text: string, charsMax: number): string {
  return text.slice(0, charsMax).replace(/[\uD800-\uDBFF]$/, '');
}
