import type { Command } from 'commander';
import type { Act } from '../act.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../domain/exit.ts';

/** `estop check`: whether a fleet folder could be applied, and what is wrong where. */
export function addCheck(program: Command, act: Act): void {
  program
    .command('check <dir>')
    .description('check a fleet folder without applying it')
    .action(act(check));
}

async function check(context: Context, folder: string): Promise<ExitCode> {
  const { checkFolder, formatProblem } = await import('../serve/fleet.ts');
  const { check: result } = await checkFolder(context, folder);
  const found = result.ok ? result.warnings : result.problems;
  const severity = result.ok ? 'warning' : 'problem';
  for (const problem of found) {
    if (context.isJson) await context.json({ severity, ...problem });
    else if (result.ok) context.note(`warning: ${formatProblem(problem)}`);
    else await context.line(formatProblem(problem));
  }
  if (!result.ok) {
    context.note(`${found.length} ${found.length === 1 ? 'problem' : 'problems'} in ${folder}`);
    return EXIT.negative;
  }
  const { hash, agents, tools, policies } = result.bundle;
  const counts = `${agents.length} agents, ${tools.length} tools, ${policies.length} policies`;
  if (context.isJson) await context.json({ severity: 'ok', hash });
  else await context.line(`${folder}: ${counts}, ${hash}`);
  return EXIT.ok;
}
