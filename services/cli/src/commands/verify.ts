import type { Command } from 'commander';
import type { Act } from '../act.ts';
import { CliError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../domain/exit.ts';
import { type Fields, fieldsOf, numberIn, objectsIn, textIn } from '../domain/fields.ts';
import { formatTable } from '../domain/table.ts';

const HASH_CHARS = 12;

/**
 * `estop verify`: the chain of every partition, and that the rebuilt state equals the live one. The
 * process that runs on this data folder is asked; without one the log itself is read.
 */
export function addVerify(program: Command, act: Act): void {
  program
    .command('verify')
    .description('check the chain of the audit log, and the live state against it')
    .action(act(verify));
}

async function verify(context: Context): Promise<ExitCode> {
  const { askControlSocket } = await import('../serve/control-socket.ts');
  const { signal } = context.io;
  const answer = await askControlSocket(context.data, { path: '/verify', signal });
  if (answer !== undefined && answer.status !== 200) {
    const detail = textIn(fieldsOf(answer.body), 'detail') ?? `status ${answer.status}`;
    throw new CliError(EXIT.error, `the running process cannot verify: ${detail}`);
  }
  const verdicts =
    answer === undefined ? await readLog(context) : objectsIn(fieldsOf(answer.body), 'partitions');
  const bad = verdicts.filter((verdict) => textIn(verdict, 'problem') !== null);
  if (context.isJson) for (const verdict of verdicts) await context.json(verdict);
  else await context.line(formatTable(HEADERS, verdicts.map(row)));
  const records = verdicts.reduce((sum, verdict) => sum + (numberIn(verdict, 'records') ?? 0), 0);
  const what = `${records} records in ${verdicts.length} partitions`;
  const compared = comparedText(verdicts);
  context.note(
    bad.length === 0
      ? `${what}: the log verifies, ${compared}`
      : `${what}: ${bad.length} partitions do not verify`,
  );
  return bad.length === 0 ? EXIT.ok : EXIT.negative;
}

/** A process knows the live state of the partitions that it decides, and of no other. */
function comparedText(verdicts: readonly Fields[]): string {
  const live = verdicts.filter((verdict) => verdict['isLive'] === true).length;
  if (live === 0) return 'no live state was compared';
  if (live === verdicts.length) return 'and its state is the live one';
  return `and of the ${live} partitions decided here, its state is the live one`;
}

const HEADERS = ['PARTITION', 'RECORDS', 'VOID', 'HEAD', 'STATE', 'PROBLEM'];

function row(verdict: Fields): readonly string[] {
  return [
    String(numberIn(verdict, 'partition')),
    String(numberIn(verdict, 'records')),
    String(numberIn(verdict, 'voidRecords')),
    (textIn(verdict, 'head') ?? '').slice(0, HASH_CHARS),
    (textIn(verdict, 'stateHash') ?? '').slice(0, HASH_CHARS),
    textIn(verdict, 'problem') ?? '',
  ];
}

async function readLog(context: Context): Promise<readonly Fields[]> {
  const [{ openExistingLog }, { verifyLog }] = await Promise.all([
    import('../serve/open-log.ts'),
    import('@estop/audit/verify'),
  ]);
  const log = await openExistingLog(context);
  try {
    const verdicts = await verifyLog(log);
    return verdicts.map((verdict) => ({ ...verdict }));
  } finally {
    await log.close();
  }
}
