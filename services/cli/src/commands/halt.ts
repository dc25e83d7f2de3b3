import { parseDuration } from '@estop/gateway/domain/duration';
import { messageOf } from '@estop/schemas/errors';
import { type Command, Option } from 'commander';
import type { Act } from '../act.ts';
import { RefusedError } from '../api.ts';
import { CliError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { readTextFile } from '../data-folder.ts';
import { type Confirmed, confirmedBy } from '../domain/confirmed.ts';
import { EXIT, type ExitCode, exitOfStatus } from '../domain/exit.ts';
import { type Fields, fieldsOf, flagIn, numberIn, objectIn, textIn } from '../domain/fields.ts';
import { describeScope, type ScopeOptions, scopeOf } from '../domain/scope.ts';

interface HaltOptions extends ScopeOptions {
  readonly mode: string;
  readonly reason?: string;
  readonly for?: string;
  readonly wait?: string;
  readonly socket?: boolean;
}

/** Long enough for a confirmation over any network; nobody who is asked at 3 AM waits longer. */
const SHOWN_WAIT = '500ms';
const WAIT_MS_MAX = 60_000;
/** A key that is not accepted, and the many of them that are not looked at any more. */
const NOT_KNOWN: readonly number[] = [401, 429];
/** However long it may wait, the gateway answers when no lease can run any more. */
const LEASE_MS = 3_000;
/** Beside what the gateway waits for its enforcement points. */
const PATIENCE_MS = 2_000;
const EARLY: Confirmed = { isWhole: false, text: 'kept: in force when the gateway has started' };

/** `estop halt`: one action, no question asked, no reason needed. */
export function addHalt(program: Command, act: Act): void {
  program
    .command('halt [agent]')
    .description('stop an agent, a group, a tool, or the whole fleet, now')
    .option('--fleet', 'everything')
    .option('--group <group>', 'every agent of a group')
    .option('--tool <tool>', 'a tool, for everyone or with an agent for that agent only')
    .addOption(
      new Option('--mode <mode>', 'pause denies; drain lets running calls end; kill voids permits')
        .choices(['pause', 'drain', 'kill'])
        .default('pause'),
    )
    .option('--reason <text>', 'why; may follow later')
    .option('--for <span>', 'ends by itself after this time, such as 30m')
    .option(
      '--wait <span>',
      'wait so long until all have confirmed, and end with 7 if some have not',
    )
    .option('--socket', 'by the socket in the data folder, without HTTP')
    .action(act(halt));
}

/** By HTTP; where that fails, by the socket of this machine. */
async function stop(context: Context, body: object, options: HaltOptions): Promise<Fields> {
  const wait = options.wait ?? SHOWN_WAIT;
  if (options.socket === true) return bySocket(context, { ...body, wait });
  try {
    const timeoutMs = Math.min(parseDuration(wait) ?? LEASE_MS, LEASE_MS) + PATIENCE_MS;
    return await context.api().call('POST', '/v1/halts', { body, query: { wait }, timeoutMs });
  } catch (error) {
    if (context.io.signal.aborted || !mayBreakGlass(error)) throw error;
    const byHand = await bySocket(context, { ...body, wait }).catch(() => undefined);
    if (byHand === undefined) throw error;
    context.note(
      `estop: ${messageOf(error)}: halted by the socket of ${context.data.path} instead`,
    );
    return byHand;
  }
}

/** Nobody answers, the key is not accepted, or the server is in trouble; never a refused request. */
function mayBreakGlass(error: unknown): boolean {
  if (error instanceof RefusedError) return error.status >= 500 || NOT_KNOWN.includes(error.status);
  if (!(error instanceof CliError)) return true;
  return error.exitCode === EXIT.error || error.exitCode === EXIT.notAuthorised;
}

async function bySocket(context: Context, body: object): Promise<Fields> {
  const { askControlSocket } = await import('../serve/control-socket.ts');
  const signal = AbortSignal.any([context.io.signal, AbortSignal.timeout(WAIT_MS_MAX)]);
  const key = readTextFile(context.data.keyFile) ?? '';
  const answer = await askControlSocket(context.data, { path: '/halt', key, body, signal });
  if (answer === undefined) {
    throw new CliError(EXIT.error, `no estop is running on ${context.data.path}`);
  }
  if (answer.status < 300) return fieldsOf(answer.body);
  const detail = textIn(fieldsOf(answer.body), 'detail') ?? `status ${answer.status}`;
  throw new CliError(exitOfStatus(answer.status), detail);
}

/** Before anything is sent: a typing error shall not stop for longer than is meant. */
function requireSpan(option: string, text: string | undefined): void {
  if (text === undefined || parseDuration(text) !== undefined) return;
  const problem = `${option} ${text} is no span of time: give a number with a unit, such as 30s or 15m`;
  throw new CliError(EXIT.usage, problem);
}

async function halt(
  context: Context,
  agent: string | undefined,
  options: HaltOptions,
): Promise<ExitCode> {
  const scope = scopeOf({ ...options, agent });
  if (typeof scope === 'string') throw new CliError(EXIT.usage, scope);
  requireSpan('--for', options.for);
  requireSpan('--wait', options.wait);
  const body = { scope, mode: options.mode, reason: options.reason, for: options.for };
  const answer = await stop(context, body, options);
  const isEarly = flagIn(answer, 'isEarly');
  const { isWhole, text } = isEarly ? EARLY : confirmedBy(answer);
  const code = options.wait === undefined || isWhole ? EXIT.ok : EXIT.partial;
  if (context.isJson) {
    await context.json(answer);
    return code;
  }
  const shown = { ...scope, ...objectIn(answer, 'scope') };
  const id = textIn(answer, 'id');
  const epoch = numberIn(answer, 'epoch');
  const how = `${options.mode}, epoch ${epoch}`;
  await context.line(`${context.painter.bad('halted')} ${describeScope(shown)} (${how}): ${id}`);
  await context.line(isWhole ? text : context.painter.bad(text));
  const who = options.mode === 'kill' ? 'somebody else lifts it' : 'lift it';
  context.note(`${who} with: estop lift ${id} --reason "…"`);
  return code;
}
