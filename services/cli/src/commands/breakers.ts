import type { Command } from 'commander';
import type { Act } from '../act.ts';
import type { Context } from '../context.ts';
import { formatTime } from '../domain/amounts.ts';
import { describeBreaker } from '../domain/breaker-line.ts';
import { findingLines, statisticsLines } from '../domain/breaker-report.ts';
import { EXIT, type ExitCode } from '../domain/exit.ts';
import { type Fields, numberIn, objectIn, objectsIn, textIn } from '../domain/fields.ts';
import { plain } from '../domain/paint.ts';
import { formatTable } from '../domain/table.ts';

/** `estop breakers`: who was noticed and why; of one agent the numbers behind it. */
export function addBreakers(program: Command, act: Act): void {
  program
    .command('breakers')
    .argument('[agent]', 'only this one, with its numbers')
    .description('breakers that are not closed, and agents of whom something was found')
    .action(act((context, id?: string) => (id === undefined ? list(context) : show(context, id))));
}

async function list(context: Context): Promise<ExitCode> {
  const breakers = objectsIn(await context.api().call('GET', '/v1/breakers'), 'breakers');
  if (context.isJson) {
    for (const breaker of breakers) await context.json(breaker);
    return EXIT.ok;
  }
  if (breakers.length === 0) {
    await context.line('every breaker is closed, and nothing was found');
    return EXIT.ok;
  }
  const rows = breakers.map((one) => {
    const breaker = objectIn(one, 'breaker');
    const finding = objectIn(one, 'finding');
    return [
      textIn(one, 'id') ?? '',
      modeOf(breaker, context),
      formatTime(numberIn(breaker, 'until')),
      textIn(finding, 'signal') ?? textIn(breaker, 'signal') ?? '',
      plain(textIn(finding, 'sentence') ?? textIn(breaker, 'explanation') ?? ''),
    ];
  });
  await context.line(formatTable(['AGENT', 'BREAKER', 'UNTIL', 'SIGNAL', 'WHY'], rows));
  return EXIT.ok;
}

async function show(context: Context, id: string): Promise<ExitCode> {
  const watched = await context.api().call('GET', `/v1/breakers/${encodeURIComponent(id)}`);
  if (context.isJson) {
    await context.json(watched);
    return EXIT.ok;
  }
  const breaker = objectIn(watched, 'breaker');
  const mode = modeOf(breaker, context);
  await context.line(`${context.painter.strong(textIn(watched, 'id') ?? id)}  ${mode}`);
  const state = describeBreaker(breaker);
  if (state !== undefined) await context.line(`breaker   ${state}`);
  const lines = [
    ...findingLines(objectIn(watched, 'finding')),
    ...statisticsLines(objectIn(watched, 'statistics')),
  ];
  for (const line of lines) await context.line(line);
  return EXIT.ok;
}

function modeOf(breaker: Fields, { painter }: Context): string {
  const mode = textIn(breaker, 'mode') ?? 'closed';
  return mode === 'closed' ? painter.good(mode) : painter.bad(mode);
}
