/** The rival in every table: a point that is `deviations` standard deviations off the last 60. */
const WINDOW = 60;

export function rollingDeviations(
  values: readonly number[],
  deviations: number,
): readonly number[] {
  const alarms: number[] = [];
  for (const [at, value] of values.entries()) {
    if (at < WINDOW || Number.isNaN(value)) continue;
    const before = values.slice(at - WINDOW, at).filter((one) => !Number.isNaN(one));
    const mean = before.reduce((sum, one) => sum + one, 0) / before.length;
    const squares = before.reduce((sum, one) => sum + (one - mean) * (one - mean), 0);
    const deviation = Math.sqrt(squares / before.length);
    if (Math.abs(value - mean) > deviations * deviation) alarms.push(at);
  }
  return alarms;
}

/** Standard deviations of a count off those before it; 0 where there are fewer than five. */
export function rollingZ(before: readonly number[], count: number): number {
  if (before.length < 5) return 0;
  const mean = before.reduce((sum, one) => sum + one, 0) / before.length;
  const squares = before.reduce((sum, one) => sum + (one - mean) * (one - mean), 0);
  return (count - mean) / Math.sqrt(squares / before.length);
}
