import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import type { Act } from '../act.ts';
import { type Api, errorOf } from '../api.ts';
import { CliError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../domain/exit.ts';
import { type Fields, textIn } from '../domain/fields.ts';
import { readJsonLines } from '../lines.ts';

/** Intents of one request: enough to share its cost, few enough to be answered soon. */
const BATCH_LINES_MAX = 200;
const BATCH_CHARS_MAX = 192 * 1024;
const TIMEOUT_MS = 60_000;
const ATTEMPTS_MAX = 5;
const RETRY_PAUSE_MS = 1_000;

interface ProposeOptions {
  readonly agent?: string;
  readonly file?: string;
}

/** `estop propose`: intents as JSON lines in, decisions as JSON lines out, in order. */
export function addPropose(program: Command, act: Act): void {
  program
    .command('propose')
    .description('send intents (JSON lines on stdin), print decisions in the same order')
    .option('--agent <agent>', 'the agent of intents that name none')
    .option('--file <file>', 'read them from a file')
    .action(act(propose));
}

async function propose(context: Context, options: ProposeOptions): Promise<ExitCode> {
  const api = context.api();
  const { io } = context;
  const input =
    options.file === undefined ? io.stdin : createReadStream(resolve(io.cwd, options.file));
  let exitCode: ExitCode = EXIT.ok;
  let batch: Fields[] = [];
  let chars = 0;
  for await (const read of readJsonLines(input)) {
    if (read.kind === 'bad') {
      context.note(`estop: line ${read.line}: ${read.why}`);
      exitCode = EXIT.usage;
      continue;
    }
    const intent = withAgent(read.value, options.agent);
    const size = JSON.stringify(intent).length;
    if (batch.length >= BATCH_LINES_MAX || (chars + size > BATCH_CHARS_MAX && batch.length > 0)) {
      exitCode = worse(exitCode, await decideBatch(context, api, batch));
      batch = [];
      chars = 0;
    }
    batch.push(intent);
    chars += size;
  }
  if (batch.length > 0) exitCode = worse(exitCode, await decideBatch(context, api, batch));
  return exitCode;
}

/** The recorded time of an intent means nothing to a running system: its log stamps. */
function withAgent({ at: _at, ...intent }: Fields, agent: string | undefined): Fields {
  return agent === undefined || 'agent' in intent ? intent : { ...intent, agent };
}

/**
 * Sends one batch and prints its answers. What estop was too busy to decide is asked again with the
 * same ids: the decisions stay the same.
 */
async function decideBatch(
  context: Context,
  api: Api,
  batch: readonly Fields[],
): Promise<ExitCode> {
  const answers = new Map<Fields, Fields>();
  let open = batch;
  for (let attempt = 1; open.length > 0; attempt += 1) {
    const asked = open;
    const isLast = attempt >= ATTEMPTS_MAX;
    for (const [index, answer] of (
      await askBatch(context, api, { batch: asked, isLast })
    ).entries()) {
      const intent = asked[index];
      if (intent !== undefined) answers.set(intent, answer);
    }
    open = asked.filter((intent) => isBusy(answers.get(intent)));
    if (isLast) break;
    if (open.length > 0) await pause(RETRY_PAUSE_MS, undefined, { signal: context.io.signal });
  }
  let exitCode: ExitCode = EXIT.ok;
  for (const intent of batch) {
    const answer = answers.get(intent) ?? {};
    await context.json(answer);
    exitCode = worse(exitCode, exitCodeOf(answer));
  }
  return exitCode;
}

/** One answer per intent, in order; none when estop takes no requests now. */
async function askBatch(
  context: Context,
  api: Api,
  { batch, isLast }: { readonly batch: readonly Fields[]; readonly isLast: boolean },
): Promise<readonly Fields[]> {
  const response = await api.send('POST', '/v1/intents/batch', {
    body: batch.map((intent) => `${JSON.stringify(intent)}\n`).join(''),
    headers: { 'content-type': 'application/x-ndjson', accept: 'application/x-ndjson' },
    signal: AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), context.io.signal]),
  });
  if (isBusy({ status: response.status }) && !isLast) return [];
  if (!response.ok || response.body === null) throw await errorOf(response);
  const answers: Fields[] = [];
  for await (const read of readJsonLines(response.body)) {
    if (read.kind === 'bad') throw new CliError(EXIT.error, `answer ${read.line}: ${read.why}`);
    answers.push(read.value);
  }
  if (answers.length === batch.length) return answers;
  throw new CliError(EXIT.partial, `${answers.length} of ${batch.length} intents were answered`);
}

/** Whether this is no answer yet, but a "not now". */
function isBusy(answer: Fields | undefined): boolean {
  return answer === undefined || answer['status'] === 503 || answer['status'] === 429;
}

function exitCodeOf(answer: Fields): ExitCode {
  const decision = textIn(answer, 'decision');
  if (decision === null) return EXIT.error;
  return decision === 'deny' ? EXIT.negative : EXIT.ok;
}

/** What is worst wins: bad input, then errors, then denials. */
function worse(one: ExitCode, other: ExitCode): ExitCode {
  const order: readonly ExitCode[] = [EXIT.usage, EXIT.error, EXIT.negative];
  return order.find((code) => code === one || code === other) ?? EXIT.ok;
}
