import type { Command } from 'commander';
import type { Act } from '../act.ts';
import { requireReason } from '../ask.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../domain/exit.ts';

/** `estop rearm`: closes the breaker of an agent. Going on takes a reason. */
export function addRearm(program: Command, act: Act): void {
  program
    .command('rearm <agent>')
    .description('close the breaker of an agent, without its probes')
    .option('--reason <text>', 'why it is safe to go on')
    .action(act(rearm));
}

async function rearm(
  context: Context,
  agent: string,
  options: { readonly reason?: string },
): Promise<ExitCode> {
  const reason = await requireReason(context.io, options.reason);
  const path = `/v1/agents/${encodeURIComponent(agent)}/breaker/rearm`;
  const answer = await context.api().call('POST', path, { body: { reason } });
  if (context.isJson) await context.json(answer);
  else await context.line(`${context.painter.good('re-armed')} ${agent}`);
  return EXIT.ok;
}
