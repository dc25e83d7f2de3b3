import { type Command, Option } from 'commander';
import type { Act } from '../act.ts';
import { CliError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { confirmedBy } from '../domain/confirmed.ts';
import { EXIT, type ExitCode } from '../domain/exit.ts';
import { numberIn, objectIn, textIn } from '../domain/fields.ts';
import { describeScope, type ScopeOptions, scopeOf } from '../domain/scope.ts';

interface HaltOptions extends ScopeOptions {
  readonly mode: string;
  readonly reason?: string;
  readonly for?: string;
  readonly wait?: string;
}

/** Long enough for a confirmation over any network; nobody who is asked at 3 AM waits longer. */
const SHOWN_WAIT = '500ms';
/** Beside what the gateway itself waits for: at most a minute. */
const TIMEOUT_MS = 90_000;

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
    .action(act(halt));
}

async function halt(
  context: Context,
  agent: string | undefined,
  options: HaltOptions,
): Promise<ExitCode> {
  const scope = scopeOf({ ...options, agent });
  if (typeof scope === 'string') throw new CliError(EXIT.usage, scope);
  const body = { scope, mode: options.mode, reason: options.reason, for: options.for };
  const query = { wait: options.wait ?? SHOWN_WAIT };
  const request = { body, query, timeoutMs: TIMEOUT_MS };
  const answer = await context.api().call('POST', '/v1/halts', request);
  const { isWhole, text } = confirmedBy(answer);
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
