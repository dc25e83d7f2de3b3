import type { Command } from 'commander';
import type { Act } from '../act.ts';
import type { Api } from '../api.ts';
import { requireReason } from '../ask.ts';
import { CliError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../domain/exit.ts';
import { flagIn, objectIn, objectsIn, textIn } from '../domain/fields.ts';
import { describeScope, isSameScope, type ScopeOptions, scopeOf } from '../domain/scope.ts';

interface LiftOptions extends ScopeOptions {
  readonly reason?: string;
}

/** `estop lift`: ends a halt, named by its id or by what it covers. Takes a reason. */
export function addLift(program: Command, act: Act): void {
  program
    .command('lift [halt-or-agent]')
    .description('end a halt')
    .option('--fleet', 'the halt of the whole fleet')
    .option('--group <group>', 'the halt of a group')
    .option('--tool <tool>', 'the halt of a tool, or with an agent of that pair')
    .option('--reason <text>', 'why it is safe to go on')
    .action(act(lift));
}

async function lift(
  context: Context,
  named: string | undefined,
  options: LiftOptions,
): Promise<ExitCode> {
  const api = context.api();
  const id = await findHalt(api, named, options);
  const reason = await requireReason(context.io, options.reason);
  const path = `/v1/halts/${encodeURIComponent(id)}/lift`;
  const answer = await api.call('POST', path, { body: { reason } });
  if (context.isJson) await context.json(answer);
  else await context.line(`${context.painter.good('lifted')} ${id}`);
  return EXIT.ok;
}

/** The id of the active halt with this id, or else of exactly this scope. */
async function findHalt(
  api: Api,
  named: string | undefined,
  options: LiftOptions,
): Promise<string> {
  const answer = await api.call('GET', '/v1/halts');
  const active = objectsIn(answer, 'halts').filter((halt) => !flagIn(halt, 'lifted'));
  const scope = scopeOf({ ...options, agent: named });
  if (typeof scope === 'string') throw new CliError(EXIT.usage, scope);
  const found =
    active.find((halt) => textIn(halt, 'id') === named) ??
    active.find((halt) => isSameScope(objectIn(halt, 'scope'), { ...scope }));
  const id = found === undefined ? null : textIn(found, 'id');
  if (id !== null) return id;
  throw new CliError(
    EXIT.notFound,
    `no halt in force covers exactly ${describeScope({ ...scope })}`,
  );
}
