import type { Command } from 'commander';
import type { Act } from '../act.ts';
import { CliError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../domain/exit.ts';
import { textIn } from '../domain/fields.ts';

/** `estop apply`: makes a fleet folder the one that decides, as a whole or not at all. */
export function addApply(program: Command, act: Act): void {
  program
    .command('apply <dir>')
    .description('make a fleet folder the one that decides')
    .action(act(apply));
}

async function apply(context: Context, folder: string): Promise<ExitCode> {
  const { checkFolder, formatProblem } = await import('../serve/fleet.ts');
  const { files, check } = await checkFolder(context, folder);
  const found = check.ok ? check.warnings : check.problems;
  for (const problem of found) context.note(formatProblem(problem));
  if (!check.ok || files === null) {
    throw new CliError(EXIT.error, `nothing was applied: ${found.length} problems in ${folder}`);
  }
  const body = { files: Object.fromEntries(files) };
  const answer = await context.api().call('PUT', '/v1/fleet', { body });
  if (context.isJson) await context.json(answer);
  else await context.line(`applied ${textIn(answer, 'hash') ?? check.bundle.hash}`);
  return EXIT.ok;
}
