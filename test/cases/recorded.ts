/** The recorded sets as they lie on disk, in the layout of the data folder's READMEs. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One recorded tool call, as published. */
export interface RecordedCall {
  readonly id: string;
  readonly run: string;
  readonly seq: number;
  readonly turn: number;
  readonly agent: string;
  readonly suite: string;
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** Seconds since the run's start; absent where the source has no times. */
  readonly t?: number;
  readonly ctxChars?: number;
  readonly outChars?: number;
  /** Argument leaf, `name[0].part`, to where its value occurs. */
  readonly prov?: Readonly<Record<string, string>>;
  readonly userSaidYes?: boolean;
}

export interface RecordedLabel {
  readonly id: string;
  readonly label: string;
  readonly effect: string;
  readonly stopsAttack?: boolean;
  readonly breaksTask?: boolean;
}

export interface RecordedTruth {
  readonly run: string;
  readonly attack?: string | null;
  readonly attackSucceeded?: boolean;
  readonly utility?: boolean;
  readonly reward?: number;
}

export interface RecordedTool {
  readonly name: string;
  readonly effect: string;
  readonly inputSchema?: object;
}

export interface RecordedSet {
  readonly name: string;
  readonly calls: readonly RecordedCall[];
  readonly labelById: ReadonlyMap<string, RecordedLabel>;
  readonly truthByRun: ReadonlyMap<string, RecordedTruth>;
  /** By suite; empty where the source publishes no schemas. */
  readonly toolsBySuite: Readonly<Record<string, readonly RecordedTool[]>>;
}

/** The sets of agent sessions under a data folder, by name. */
export function readRecordedSets(dataDir: string): readonly RecordedSet[] {
  return readdirSync(dataDir)
    .sort()
    .filter((name) => existsSync(join(dataDir, name)) && intentFiles(dataDir, name).length > 0)
    .map((name) => readRecordedSet(dataDir, name));
}

function readRecordedSet(dataDir: string, name: string): RecordedSet {
  const folder = join(dataDir, name);
  const files = intentFiles(dataDir, name);
  const labels = files.flatMap((file) =>
    readLines<RecordedLabel>(join(folder, file.replace('.intents.', '.labels.'))),
  );
  const truths = readLines<RecordedTruth>(join(folder, 'truth.jsonl'));
  const toolsFile = join(folder, 'tools.json');
  return {
    name,
    calls: files.flatMap((file) => readLines<RecordedCall>(join(folder, file))),
    labelById: new Map(labels.map((label) => [label.id, label])),
    truthByRun: new Map(truths.map((truth) => [truth.run, truth])),
    toolsBySuite: existsSync(toolsFile) ? JSON.parse(readFileSync(toolsFile, 'utf8')) : {},
  };
}

function intentFiles(dataDir: string, name: string): readonly string[] {
  try {
    return readdirSync(join(dataDir, name))
      .filter((file) => file.endsWith('.intents.jsonl'))
      .sort();
  } catch {
    return [];
  }
}

function readLines<Line>(path: string): readonly Line[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Line => JSON.parse(line));
}
