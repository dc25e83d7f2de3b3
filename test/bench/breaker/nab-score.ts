/**
 * The scorer of the Numenta Anomaly Benchmark (Lavin and Ahmad 2015): in each labelled window the
 * first alarm counts, the earlier the better; alarms outside cost, less so shortly after a window;
 * a missed window costs. Normalised so that no alarm at all is 0 and perfection 100.
 */
export interface Profile {
  readonly falsePositive: number;
  readonly falseNegative: number;
}

export const PROFILES = {
  standard: { falsePositive: 0.11, falseNegative: 1 },
  lowFp: { falsePositive: 0.22, falseNegative: 1 },
  lowFn: { falsePositive: 0.11, falseNegative: 2 },
} as const satisfies Record<string, Profile>;

/** What the alarms of one file come to, before any profile weighs them. */
export interface FileScore {
  readonly truePositives: number;
  readonly missed: number;
  readonly falsePositives: number;
  readonly falseAlarms: number;
}

const PROBATION_SHARE = 0.15;
const PROBATION_POINTS_MAX = 5_000;

/** Points at the start of a file whose alarms do not count. */
export function probationOf(points: number): number {
  return Math.floor(PROBATION_SHARE * Math.min(points, PROBATION_POINTS_MAX));
}

export function scoreFile(
  points: number,
  windows: readonly (readonly [number, number])[],
  alarms: readonly number[],
): FileScore {
  const best = windows.map(() => Number.NEGATIVE_INFINITY);
  let falsePositives = 0;
  let falseAlarms = 0;
  for (const alarm of alarms) {
    if (alarm < probationOf(points)) continue;
    const at = windows.findIndex(([from, to]) => alarm >= from && alarm <= to);
    const window = windows[at];
    if (window === undefined) {
      falsePositives += afterWindow(windows, alarm);
      falseAlarms += 1;
    } else {
      best[at] = Math.max(best[at] ?? 0, withinWindow(window, alarm));
    }
  }
  const hits = best.filter((score) => score > Number.NEGATIVE_INFINITY);
  return {
    truePositives: hits.reduce((sum, score) => sum + score, 0),
    missed: windows.length - hits.length,
    falsePositives,
    falseAlarms,
  };
}

/** Of 100, over all files together; NaN where nothing is labelled. */
export function normalisedScore(
  files: readonly FileScore[],
  windows: number,
  { falsePositive, falseNegative }: Profile,
): number {
  let score = 0;
  for (const file of files) {
    score += file.truePositives - falseNegative * file.missed + falsePositive * file.falsePositives;
  }
  const nothing = -falseNegative * windows;
  return (100 * (score - nothing)) / (windows - nothing);
}

/** 1 at the first point of a window, nearly 0 at its last. */
function withinWindow([from, to]: readonly [number, number], alarm: number): number {
  return sigmoid(-(to - alarm + 1) / (to - from + 1)) / sigmoid(-1);
}

/** -1, or little at first after a window. */
function afterWindow(windows: readonly (readonly [number, number])[], alarm: number): number {
  const before = windows.filter(([, to]) => to < alarm).at(-1);
  return before === undefined ? -1 : sigmoid((alarm - before[1]) / (before[1] - before[0]));
}

function sigmoid(x: number): number {
  return x > 3 ? -1 : 2 / (1 + Math.exp(5 * x)) - 1;
}
