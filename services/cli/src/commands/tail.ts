import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import type { Act } from '../act.ts';
import { type Api, errorOf } from '../api.ts';
import { CliError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { createEventStreamParser, type ServerSentEvent } from '../domain/event-stream.ts';
import { EXIT, type ExitCode } from '../domain/exit.ts';
import { type Fields, fieldsOf } from '../domain/fields.ts';
import { formatStreamLine } from '../domain/stream-line.ts';

/** Pause before the stream is opened again after it broke. */
const REOPEN_MS = 1_000;

interface TailOptions {
  readonly agent?: string;
  readonly tool?: string;
  readonly decision?: string;
  readonly session?: string;
  readonly limit?: number;
}

/** `estop tail`: decisions, halts, breakers, approvals and alerts as they happen, until interrupted. */
export function addTail(program: Command, act: Act): void {
  program
    .command('tail')
    .description('follow decisions, halts, breakers, approvals and alerts as they happen')
    .option('--agent <agent>')
    .option('--tool <tool>')
    .option('--decision <decision>', 'allow, deny or needs-approval')
    .option('--session <session>')
    .option('-n, --limit <events>', 'end after so many events', Number)
    .action(act(tail));
}

async function tail(context: Context, options: TailOptions): Promise<ExitCode> {
  const { limit, ...filters } = options;
  const { signal } = context.io;
  const reading: Reading = { left: limit ?? Number.POSITIVE_INFINITY, lastId: null };
  while (reading.left > 0) {
    await readStream(context, filters, reading);
    if (signal.aborted) return EXIT.interrupted;
    if (reading.left <= 0) break;
    context.note('the stream ended; opening it again');
    await pause(REOPEN_MS, undefined, { signal });
  }
  return EXIT.ok;
}

/** How far the command has come; grows as events are shown. */
interface Reading {
  left: number;
  lastId: string | null;
}

/** Shows events until the stream breaks. Throws when it cannot be opened. */
async function readStream(
  context: Context,
  filters: Readonly<Record<string, string>>,
  reading: Reading,
): Promise<void> {
  const { signal } = context.io;
  try {
    for await (const event of openStream(context.api(), { ...reading, filters, signal })) {
      reading.lastId = event.id ?? reading.lastId;
      if (await show(context, event)) reading.left -= 1;
      if (reading.left <= 0) return;
    }
  } catch (error) {
    // A stream that was open may break and is resumed; one that cannot be opened is an error.
    if (error instanceof CliError || signal.aborted) throw error;
  }
}

interface StreamRequest {
  readonly filters: Readonly<Record<string, string>>;
  readonly lastId: string | null;
  readonly signal: AbortSignal;
}

async function* openStream(api: Api, request: StreamRequest): AsyncGenerator<ServerSentEvent> {
  const response = await api.send('GET', `/v1/stream?${new URLSearchParams(request.filters)}`, {
    headers: {
      accept: 'text/event-stream',
      ...(request.lastId === null ? {} : { 'last-event-id': request.lastId }),
    },
    signal: request.signal,
  });
  if (!response.ok || response.body === null) throw await errorOf(response);
  const parser = createEventStreamParser();
  const decoder = new TextDecoder();
  for await (const chunk of response.body) {
    yield* parser.push(decoder.decode(chunk, { stream: true }));
  }
}

/** Tells whether the event was worth a line. */
async function show(context: Context, event: ServerSentEvent): Promise<boolean> {
  const fields = parseData(event.data);
  if (context.isJson) {
    await context.json({ stream: { id: event.id, type: event.event }, ...fields });
    return true;
  }
  const line = formatStreamLine(event.event, fields, context.painter);
  if (line !== undefined) await context.line(line);
  return line !== undefined;
}

function parseData(data: string): Fields {
  try {
    return fieldsOf(JSON.parse(data));
  } catch {
    return {};
  }
}
