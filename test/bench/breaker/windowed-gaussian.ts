/**
 * NAB's own windowed Gaussian detector, a rival whose published score shows that the scorer is
 * right: 6,400 values, moved on by 100; an alarm where the normal tail is below 1e-12.
 */
const WINDOW = 6_400;
const STEP = 100;
/** Where 1 - 1e-12 of the normal distribution lies, in standard deviations. */
const DEVIATIONS = 7.0344869;
const DEVIATION_MIN = 1e-6;

/** Points that it would raise an alarm at. */
export function windowedGaussianAlarms(values: readonly number[]): readonly number[] {
  const alarms: number[] = [];
  let window: number[] = [];
  let waiting: number[] = [];
  let fitted = { mean: 0, deviation: 1 };
  for (const [at, value] of values.entries()) {
    const { mean, deviation } = fitted;
    if (at > 0 && Math.abs(value - mean) / deviation >= DEVIATIONS) alarms.push(at);
    if (window.length < WINDOW) {
      window.push(value);
      fitted = normalOf(window);
      continue;
    }
    waiting.push(value);
    if (waiting.length < STEP) continue;
    window = [...window.slice(STEP), ...waiting];
    waiting = [];
    fitted = normalOf(window);
  }
  return alarms;
}

function normalOf(values: readonly number[]): {
  readonly mean: number;
  readonly deviation: number;
} {
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / values.length;
  let squares = 0;
  for (const value of values) squares += (value - mean) * (value - mean);
  const deviation = Math.sqrt(squares / values.length);
  return { mean, deviation: deviation === 0 ? DEVIATION_MIN : deviation };
}
