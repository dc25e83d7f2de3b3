/** Reading recorded series: `timestamp,value[,label]` files in folders, and where labels lie. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

export interface RecordedSeries {
  /** Path below the folder of the set. */
  readonly name: string;
  readonly timestamps: readonly string[];
  readonly atMs: readonly number[];
  /** NaN where the recording has none. */
  readonly values: readonly number[];
  /** First and last point of each labelled stretch. */
  readonly windows: readonly (readonly [number, number])[];
}

/** The series of the Numenta Anomaly Benchmark; without windows.json none is labelled. */
export function readNab(dir: string): readonly RecordedSeries[] {
  const path = join(dir, 'windows.json');
  const windows: Record<string, string[][]> = existsSync(path)
    ? JSON.parse(readFileSync(path, 'utf8'))
    : {};
  return csvFiles(dir).map((file) => {
    const series = readSeries(dir, file);
    const labelled = (windows[series.name] ?? []).map((edges) => {
      const [from = -1, to = -1] = edges.map((edge) => series.atMs.indexOf(timeOf(edge)));
      if (from < 0 || to < from) throw new Error(`${series.name} has no points at ${edges}`);
      return [from, to] as const;
    });
    return { ...series, windows: labelled };
  });
}

/** The Microsoft cloud monitoring series: stretches of label 1. */
export function readCloudmon(dir: string): readonly RecordedSeries[] {
  return csvFiles(dir).map((file) => readSeries(dir, file));
}

function csvFiles(dir: string): readonly string[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.csv'))
    .sort()
    .map((name) => join(dir, name));
}

function readSeries(dir: string, file: string): RecordedSeries {
  const rows = readFileSync(file, 'utf8').trim().split(/\r?\n/).slice(1);
  const cells = rows.map((row) => row.split(','));
  const timestamps = cells.map(([timestamp = '']) => timestamp);
  return {
    name: relative(dir, file),
    timestamps,
    atMs: timestamps.map(timeOf),
    values: cells.map(([, value = '']) => (value === '' ? Number.NaN : Number(value))),
    windows: stretchesOf(cells.map(([, , label]) => label === '1')),
  };
}

function timeOf(timestamp: string): number {
  const at = Date.parse(`${timestamp.slice(0, 19).replace(' ', 'T')}Z`);
  if (Number.isNaN(at)) throw new Error(`"${timestamp}" is no time such as 2014-04-01 00:05:00`);
  return at;
}

function stretchesOf(labels: readonly boolean[]): readonly (readonly [number, number])[] {
  const stretches: [number, number][] = [];
  for (const [at, isLabelled] of labels.entries()) {
    if (!isLabelled) continue;
    const last = stretches.at(-1);
    if (last !== undefined && last[1] === at - 1) last[1] = at;
    else stretches.push([at, at]);
  }
  return stretches;
}
