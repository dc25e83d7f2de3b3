/** Recorded series through the production detector, with the baselines of the data beside it. */
import { join } from 'node:path';
import { observePoint, SERIES_CONFIG } from '@estop/breaker/domain/series/observe-point';
import { emptySeries, SERIES_STATE_BYTES } from '@estop/breaker/domain/series/series-state';
import { falseAlarmsPerThousand, recallOf, scoreSegments } from './cloudmon-score.ts';
import { type FileScore, normalisedScore, PROFILES, scoreFile } from './nab-score.ts';
import { type RecordedSeries, readCloudmon, readNab } from './recorded-series.ts';
import type { Report } from './report.ts';
import { rollingDeviations } from './rolling-deviations.ts';
import { windowedGaussianAlarms } from './windowed-gaussian.ts';

const FOLDS = 5;
/** The classic rule, on the last 60 points. */
const Z = 2.5;

/** Alarms of one series, and its rows for whoever scores them elsewhere. */
interface Judged {
  readonly series: RecordedSeries;
  readonly alarms: readonly number[];
  readonly rows: readonly string[];
}

export function benchSeries(dir: string, report: Report): void {
  const nab = readNab(join(dir, 'nab')).map(judge);
  const cloudmon = readCloudmon(join(dir, 'cloudmon')).map(judge);
  write('nab', nab, report);
  write('cloudmon', cloudmon, report);
  if (nab.length > 0) reportNab(nab, report);
  if (cloudmon.length > 0) reportCloudmon(cloudmon, report);
  report.figure('state of one series', `${SERIES_STATE_BYTES} bytes`, '≤ 4 kB');
}

function judge(series: RecordedSeries): Judged {
  const state = emptySeries();
  const alarms: number[] = [];
  const rows = series.values.map((value, n) => {
    const at = series.atMs[n] ?? 0;
    const { score, isAlarm } = observePoint(state, { at, value }, SERIES_CONFIG);
    if (isAlarm) alarms.push(n);
    const text = Number.isNaN(value) ? '' : String(value);
    return `${series.timestamps[n]},${text},${score.toFixed(6)},${isAlarm ? 1 : 0}`;
  });
  return { series, alarms, rows };
}

function write(set: string, judged: readonly Judged[], report: Report): void {
  for (const { series, rows } of judged) {
    report.rows(`${set}/${series.name}`, ['timestamp,value,score,alarm', ...rows]);
  }
}

function reportNab(judged: readonly Judged[], report: Report): void {
  const ours = nabScores(judged, ({ alarms }) => alarms);
  const folds = foldsOf(judged).map((fold) => nabScores(fold, ({ alarms }) => alarms));
  const spread = (at: number) => spreadOf(folds.map((scores) => scores[at] ?? 0));
  report.figure('NAB, standard', ours[0].toFixed(1), '≥ 70', spread(0));
  report.figure('NAB, low FP', ours[1].toFixed(1), '≥ 65', spread(1));
  report.figure('NAB, low FN', ours[2].toFixed(1), '-', spread(2));
  const gaussian = nabScores(judged, ({ series }) => windowedGaussianAlarms(series.values));
  report.rival('NAB, windowed Gaussian, as we rate it', inOne(gaussian));
  report.rival('NAB, windowed Gaussian, published', '37.2/22.8/43.8');
  const z = nabScores(judged, ({ series }) => rollingDeviations(series.values, Z));
  report.rival(`NAB, rolling z > ${Z}`, inOne(z));
  report.rival('NAB, numenta HTM, published', '72.7/67.5/76.6');
  report.rival('NAB, contextOSE, published', '70.8/68.3/75.0');
  report.rival('NAB, random cut forest, published', '44.2/33.2/54.6');
}

function nabScores(
  judged: readonly Judged[],
  alarmsOf: (one: Judged) => readonly number[],
): readonly [number, number, number] {
  let windows = 0;
  const files: FileScore[] = judged.map((one) => {
    windows += one.series.windows.length;
    return scoreFile(one.series.values.length, one.series.windows, alarmsOf(one));
  });
  const { standard, lowFp, lowFn } = PROFILES;
  return [
    normalisedScore(files, windows, standard),
    normalisedScore(files, windows, lowFp),
    normalisedScore(files, windows, lowFn),
  ];
}

function reportCloudmon(judged: readonly Judged[], report: Report): void {
  const scoresOf = (some: readonly Judged[], alarmsOf: (one: Judged) => readonly number[]) =>
    some.map((one) => scoreSegments(one.series.values.length, one.series.windows, alarmsOf(one)));
  const ours = scoresOf(judged, ({ alarms }) => alarms);
  const folds = foldsOf(judged).map((fold) => scoresOf(fold, ({ alarms }) => alarms));
  const recall = recallOf(ours).toFixed(3);
  report.figure('cloudmon, recall', recall, '≥ 0.85', spreadOf(folds.map(recallOf)));
  report.figure(
    'cloudmon, false alarms per 1,000 points',
    falseAlarmsPerThousand(ours).toFixed(2),
    '≤ 2.5',
    spreadOf(folds.map(falseAlarmsPerThousand)),
  );
  for (const deviations of [Z, 4]) {
    const z = scoresOf(judged, ({ series }) => rollingDeviations(series.values, deviations));
    const text = `${recallOf(z).toFixed(3)} at ${falseAlarmsPerThousand(z).toFixed(2)}`;
    report.rival(`cloudmon, rolling z > ${deviations}`, text);
  }
  report.rival('cloudmon, rolling z, 60, k = 4, published', '0.627 at 4.08');
  report.rival('cloudmon, rolling MAD, 60, k = 6, published', '0.711 at 3.97');
  report.rival('cloudmon, same hour, 7 days, MAD k = 6, published', '0.783 at 7.22');
}

/** Every fifth series, five times. */
function foldsOf<T>(items: readonly T[]): readonly (readonly T[])[] {
  return Array.from({ length: FOLDS }, (_, fold) => items.filter((_, n) => n % FOLDS === fold));
}

function spreadOf(figures: readonly number[]): string {
  const known = figures.filter((figure) => Number.isFinite(figure)).sort((a, b) => a - b);
  const digits = (known.at(-1) ?? 0) < 5 ? 2 : 1;
  return `${known[0]?.toFixed(digits)} to ${known.at(-1)?.toFixed(digits)}`;
}

function inOne(scores: readonly number[]): string {
  return scores.map((score) => score.toFixed(1)).join('/');
}
