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

/** `estop tail`: decisions, halts and approvals as they happen, until interrupted. */
export function addTail(program: Command, act: Act): void {
  program
    .command('tail')
    .description('follow decisions, halts and approvals as they happen')
    .option('--agent <agent>')
    .option('--tool <tool>')
    .option('--decision <decision>', 'allow, deny or needs-approval')
    .option('--session <session>')
    .option('-n, --limit <events>', 'end after so many events', Number)
    .action(act(tail));
}

async function tail(context: Context, options: TailOptions): Promise<ExitCode> {
  const { limit, ...filters } = options;
  const api = context.api();
  let left = limit ?? Number.POSITIVE_INFINITY;
  let lastId: string | null = null;
  while (left > 0) {
    try {
      for await (const event of openStream(api, { filters, lastId, signal: context.io.signal })) {
        lastId = event.id ?? lastId;
        await show(context, event);
        left -= 1;
        if (left <= 0) return EXIT.ok;
      }
    } catch (error) {
      // A stream that was open may break and is resumed; one that cannot be opened is an error.
      if (error instanceof CliError || context.io.signal.aborted) throw error;
    }
    if (context.io.signal.aborted) return EXIT.interrupted;
    context.note('the stream ended; opening it again');
    await new Promise((resolve) => setTimeout(resolve, REOPEN_MS));
  }
  return EXIT.ok;
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

async function show(context: Context, event: ServerSentEvent): Promise<void> {
  const fields = parseData(event.data);
  if (context.isJson) await context.json({ id: event.id, type: event.event, ...fields });
  else await context.line(formatStreamLine(event.event, fields, context.painter));
}

function parseData(data: string): Fields {
  try {
    return fieldsOf(JSON.parse(data));
  } catch {
    return {};
  }
}
