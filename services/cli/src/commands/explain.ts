import type { Command } from 'commander';
import type { Act } from '../act.ts';
import type { Api } from '../api.ts';
import { CliError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../domain/exit.ts';
import { explainIntent } from '../domain/explain.ts';
import { type Fields, objectsIn, textIn } from '../domain/fields.ts';

/** Most pages of records that are read for one intent. */
const PAGES_MAX = 20;

/** `estop explain`: the story of one intent, from the audit log. */
export function addExplain(program: Command, act: Act): void {
  program
    .command('explain <intent>')
    .description('tell what was asked, decided and done, from the audit log')
    .option('--agent <agent>', 'whose intent; ids are unique per agent')
    .action(act(explain));
}

async function explain(
  context: Context,
  intent: string,
  options: { readonly agent?: string },
): Promise<ExitCode> {
  const records = await recordsOf(context.api(), { intent, agent: options.agent });
  const lines = explainIntent(intent, records);
  if (lines.length === 0)
    throw new CliError(EXIT.notFound, `the audit log has no intent ${intent}`);
  if (context.isJson) for (const record of records) await context.json(record);
  else await context.line(lines.join('\n'));
  return EXIT.ok;
}

async function recordsOf(
  api: Api,
  query: Readonly<Record<string, string | undefined>>,
): Promise<readonly Fields[]> {
  const records: Fields[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const answer = await api.call('GET', '/v1/records', { query: { ...query, cursor } });
    records.push(...objectsIn(answer, 'records'));
    cursor = textIn(answer, 'cursor') ?? undefined;
    if (cursor === undefined) break;
  }
  return records;
}
