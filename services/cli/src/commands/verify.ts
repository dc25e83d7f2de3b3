import type { Command } from 'commander';
import type { Act } from '../act.ts';
import { readTextFile } from '../data-folder.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../domain/exit.ts';
import { type Fields, numberIn, objectsIn, textIn } from '../domain/fields.ts';
import { formatTable } from '../domain/table.ts';

/** Rebuilding every state takes time. */
const TIMEOUT_MS = 600_000;
const HEAD_CHARS = 12;

/** `estop verify`: the chain of every partition, and that the rebuilt state equals the live one. */
export function addVerify(program: Command, act: Act): void {
  program
    .command('verify')
    .description('check the chain of the audit log, and the live state against it')
    .option('--offline', 'read the log itself, without a running estop')
    .action(act(verify));
}

async function verify(
  context: Context,
  options: { readonly offline?: boolean },
): Promise<ExitCode> {
  const isRunning =
    Boolean(context.io.env['ESTOP_URL']) || readTextFile(context.data.addressFile) !== undefined;
  const reports =
    options.offline === true || !isRunning ? await readLog(context) : await askRunning(context);
  const bad = reports.filter((report) => !isSound(report));
  if (context.isJson) for (const report of reports) await context.json(report);
  else await context.line(formatTable(HEADERS, reports.map((report) => row(context, report))));
  const records = reports.reduce((sum, report) => sum + (numberIn(report, 'records') ?? 0), 0);
  const verdict = bad.length === 0 ? 'the log verifies' : `${bad.length} partitions do not verify`;
  context.note(`${records} records in ${reports.length} partitions: ${verdict}`);
  return bad.length === 0 ? EXIT.ok : EXIT.negative;
}

const HEADERS = ['PARTITION', 'RECORDS', 'VOID', 'HEAD', 'LIVE STATE', 'PROBLEM'];

function row({ painter }: Context, report: Fields): readonly string[] {
  const live = textIn(report, 'live') ?? '';
  return [
    String(numberIn(report, 'partition')),
    String(numberIn(report, 'records')),
    String(numberIn(report, 'voidRecords')),
    (textIn(report, 'head') ?? '').slice(0, HEAD_CHARS),
    live === 'equal' ? painter.good(live) : live === 'differs' ? painter.bad(live) : live,
    textIn(report, 'problem') ?? '',
  ];
}

function isSound(report: Fields): boolean {
  return textIn(report, 'problem') === null && textIn(report, 'live') !== 'differs';
}

async function askRunning(context: Context): Promise<readonly Fields[]> {
  const answer = await context.api().call('GET', '/v1/verify', { timeoutMs: TIMEOUT_MS });
  return objectsIn(answer, 'partitions');
}

async function readLog(context: Context): Promise<readonly Fields[]> {
  const [{ openLog }, { verifyLog }] = await Promise.all([
    import('../serve/open-log.ts'),
    import('../serve/verify-log.ts'),
  ]);
  const log = await openLog(context);
  try {
    const reports: Fields[] = [];
    for await (const report of verifyLog(log, () => undefined)) reports.push({ ...report });
    return reports;
  } finally {
    await log.close();
  }
}
