import type { Command } from 'commander';
import type { Act } from '../act.ts';
import { CliError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../domain/exit.ts';

/** `estop setup`: topics, access rights and schemas on Kafka; leaves alone what is there. */
export function addSetup(program: Command, act: Act): void {
  program
    .command('setup')
    .description('create topics, access rights and schemas on Kafka')
    .action(act(setup));
}

async function setup(context: Context): Promise<ExitCode> {
  if (!context.io.env['KAFKA_BROKERS']) {
    throw new CliError(EXIT.usage, 'KAFKA_BROKERS is not set; the embedded log needs no setup');
  }
  const { openLog } = await import('../serve/open-log.ts');
  const log = await openLog(context, { createTopics: true, isSetup: true });
  const { id, partitions } = log;
  await log.close();
  if (context.isJson) await context.json({ id, partitions });
  else await context.line(`topics and schemas are in place, ${partitions} partitions, ${id}`);
  return EXIT.ok;
}
