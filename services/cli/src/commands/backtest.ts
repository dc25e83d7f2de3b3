import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Backtest } from '@estop/policy/domain/backtest';
import type { AgentId, IntentId } from '@estop/schemas/ids';
import type { Command } from 'commander';
import type { Act } from '../act.ts';
import { CliError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../domain/exit.ts';
import type { Fields } from '../domain/fields.ts';
import { formatTable } from '../domain/table.ts';
import { readJsonLines } from '../lines.ts';
import { type RecordedOutcome, readRecordedLine } from '../recorded-line.ts';

/** Output is written in pieces of about this size. */
const WRITE_CHARS = 64 * 1024;
/** Wrong lines that are told one by one. */
const TOLD_LINES_MAX = 20;
/** Intents of one run; their agents are remembered. */
const INTENTS_MAX = 5_000_000;

interface BacktestOptions {
  readonly fleet: string;
  readonly intents: string;
  readonly out?: string;
}

/** `estop backtest`: decides recorded intents offline, on their recorded clock. */
export function addBacktest(program: Command, act: Act): void {
  program
    .command('backtest')
    .description('decide recorded intents offline, with the same deciding code and breaker')
    .requiredOption('--fleet <dir>', 'the fleet that decides')
    .requiredOption('--intents <file>', 'JSON lines: intents with agent and at; - for stdin')
    .option('--out <file>', 'write the decisions to a file')
    .action(act(backtest));
}

async function backtest(context: Context, options: BacktestOptions): Promise<ExitCode> {
  const [{ loadFolder }, { createBacktest }, { OfflineWatch }] = await Promise.all([
    import('../serve/fleet.ts'),
    import('@estop/policy/domain/backtest'),
    import('@estop/breaker/domain/watch/offline-watch'),
  ]);
  const fleet = await loadFolder(context, options.fleet);
  const sink = await openSink(context, options.out);
  const tally = createTally();
  try {
    const watch = new OfflineWatch(fleet.watchRules, (agentId) => fleet.agentById.has(agentId));
    const run = createBacktest(fleet, (record, offset) => watch.take(record, offset));
    const decide = createDecider(run);
    for await (const read of readJsonLines(openInput(context, options.intents))) {
      if (context.io.signal.aborted) return EXIT.interrupted;
      const answer = read.kind === 'bad' ? read.why : decide(read.value);
      if (typeof answer === 'string') {
        tally.bad += 1;
        if (tally.bad <= TOLD_LINES_MAX) context.note(`estop: line ${read.line}: ${answer}`);
      } else if (answer !== undefined) {
        tally.add(answer);
        await sink.write(`${JSON.stringify(answer)}\n`);
      }
    }
  } finally {
    await sink.close();
    fleet.close();
  }
  summarise(context, tally);
  return tally.bad > 0 ? EXIT.usage : EXIT.ok;
}

interface DecisionLine {
  readonly id: string;
  readonly decision: string;
  readonly reason: string;
  readonly rules: readonly string[];
  readonly at: number;
}

/**
 * Decides a line: a decision for an intent, undefined for an outcome, a text when it is wrong.
 * Remembers whose intents they are, for outcomes that do not say.
 */
function createDecider(run: Backtest): (line: Fields) => DecisionLine | string | undefined {
  const agentByIntent = new Map<IntentId, AgentId>();

  return (line) => {
    const read = readRecordedLine(line);
    if (read.kind === 'bad') return read.why;
    if (read.kind === 'outcome') return settle(read.outcome, read.atMs);
    const { intent, digest, atMs } = read;
    agentByIntent.set(intent.intentId, intent.agentId);
    if (agentByIntent.size > INTENTS_MAX) return `more than ${INTENTS_MAX} intents; split the file`;
    const decided = run.decide(intent, digest, atMs);
    if (decided === undefined) return 'the intent could not be taken';
    const { intentId: id, decision, reason, rules, at } = decided;
    return { id, decision, reason, rules, at };
  };

  function settle(recorded: RecordedOutcome, atMs: number): string | undefined {
    const agentId = recorded.agentId ?? agentByIntent.get(recorded.intentId);
    if (agentId === undefined) return `the outcome is of an unknown intent ${recorded.intentId}`;
    // An intent that is denied here may have been allowed, and done, under the rules of its time.
    run.settle({ ...recorded, agentId, reportedBy: agentId }, atMs);
    return undefined;
  }
}

function openInput(context: Context, file: string): AsyncIterable<unknown> {
  if (file === '-') return context.io.stdin;
  return failWell(createReadStream(resolve(context.io.cwd, file)), file);
}

async function* failWell(input: AsyncIterable<unknown>, file: string): AsyncGenerator<unknown> {
  try {
    yield* input;
  } catch {
    throw new CliError(EXIT.notFound, `${file} cannot be read`);
  }
}

interface Sink {
  write(text: string): Promise<void>;
  close(): Promise<void>;
}

async function openSink(context: Context, out: string | undefined): Promise<Sink> {
  const file = out === undefined ? undefined : await open(resolve(context.io.cwd, out), 'w');
  const flush = async (text: string) => {
    if (file === undefined) await context.io.out(text);
    else await file.write(text);
  };
  let pending = '';
  return {
    async write(text) {
      pending += text;
      if (pending.length < WRITE_CHARS) return;
      await flush(pending);
      pending = '';
    },
    async close() {
      if (pending !== '') await flush(pending);
      await file?.close();
    },
  };
}

interface Tally {
  bad: number;
  readonly countByKind: ReadonlyMap<string, number>;
  add(decision: { readonly decision: string; readonly reason: string }): void;
}

function createTally(): Tally {
  const countByKind = new Map<string, number>();
  return {
    bad: 0,
    countByKind,
    add({ decision, reason }) {
      const kind = `${decision} ${reason}`;
      countByKind.set(kind, (countByKind.get(kind) ?? 0) + 1);
    },
  };
}

function summarise(context: Context, tally: Tally): void {
  const rows = [...tally.countByKind]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([kind, count]) => [...kind.split(' '), String(count)]);
  if (rows.length > 0) context.note(formatTable(['DECISION', 'REASON', 'INTENTS'], rows));
  const total = [...tally.countByKind.values()].reduce((sum, count) => sum + count, 0);
  const bad = tally.bad === 0 ? '' : `, ${tally.bad} lines could not be read`;
  context.note(`${total} intents decided${bad}`);
}
