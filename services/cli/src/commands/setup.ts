import type { Command } from 'commander';
import type { Act } from '../act.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../domain/exit.ts';

/** `estop setup`: topics, access rights and schemas on Kafka; changes nothing that is there. */
export function addSetup(program: Command, act: Act): void {
  program
    .command('setup')
    .description('create topics, access rights and schemas on Kafka')
    .action(act(setup));
}

async function setup(context: Context): Promise<ExitCode> {
  const { setUpLog } = await import('../serve/set-up-log.ts');
  const done = await setUpLog(context);
  if (context.isJson) await context.json(done);
  else await context.line(done.summary);
  return EXIT.ok;
}
