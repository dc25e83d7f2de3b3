import { type Command, Option } from 'commander';
import type { Act } from '../act.ts';
import { CliError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../domain/exit.ts';
import { numberIn, objectIn, textIn } from '../domain/fields.ts';
import { describeScope, type ScopeOptions, scopeOf } from '../domain/scope.ts';

interface HaltOptions extends ScopeOptions {
  readonly mode: string;
  readonly reason?: string;
  readonly for?: string;
}

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
  const answer = await context.api().call('POST', '/v1/halts', { body });
  if (context.isJson) {
    await context.json(answer);
    return EXIT.ok;
  }
  const shown = { ...scope, ...objectIn(answer, 'scope') };
  const id = textIn(answer, 'id');
  const epoch = numberIn(answer, 'epoch');
  const how = `${options.mode}, epoch ${epoch}`;
  await context.line(`${context.painter.bad('halted')} ${describeScope(shown)} (${how}): ${id}`);
  context.note(`lift it with: estop lift ${id} --reason "…"`);
  return EXIT.ok;
}
