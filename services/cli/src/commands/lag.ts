import type { Command } from 'commander';
import type { Act } from '../act.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../domain/exit.ts';
import { numberIn, objectsIn, textIn } from '../domain/fields.ts';
import { formatTable } from '../domain/table.ts';

/** `estop lag`: how far each reader is behind, per topic and partition. */
export function addLag(program: Command, act: Act): void {
  program
    .command('lag')
    .description('how far each reader is behind')
    .option('--all', 'also the partitions that are not behind')
    .action(act(lag));
}

async function lag(context: Context, options: { readonly all?: boolean }): Promise<ExitCode> {
  const entries = objectsIn(await context.api().call('GET', '/v1/lag'), 'lag');
  if (context.isJson) {
    for (const entry of entries) await context.json(entry);
    return EXIT.ok;
  }
  const shown = options.all ? entries : entries.filter((entry) => numberIn(entry, 'records') !== 0);
  if (shown.length === 0) {
    context.note(`nobody is behind (${entries.length} partitions)`);
    return EXIT.ok;
  }
  const rows = shown.map((entry) => [
    textIn(entry, 'group') ?? '',
    textIn(entry, 'topic') ?? '',
    String(numberIn(entry, 'partition') ?? ''),
    String(numberIn(entry, 'records') ?? '?'),
    String(numberIn(entry, 'seconds') ?? '?'),
    textIn(entry, 'status') ?? '',
  ]);
  const headers = ['GROUP', 'TOPIC', 'PARTITION', 'RECORDS', 'SECONDS', 'STATUS'];
  await context.line(formatTable(headers, rows));
  return EXIT.ok;
}
