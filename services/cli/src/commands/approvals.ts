import { type Command, Option } from 'commander';
import type { Act } from '../act.ts';
import { pendingApprovals, readApproval } from '../approval.ts';
import type { Context } from '../context.ts';
import { formatSpan } from '../domain/amounts.ts';
import { EXIT, type ExitCode } from '../domain/exit.ts';
import { plain } from '../domain/paint.ts';
import { formatTable } from '../domain/table.ts';

const DIGEST_SHOWN_CHARS = 'sha256:'.length + 12;

/** `estop approvals`: what waits for a person. */
export function addApprovals(program: Command, act: Act): void {
  program
    .command('approvals')
    .description('list what waits for a person')
    .addOption(new Option('--state <state>').choices(['pending', 'all']).default('pending'))
    .action(act(approvals));
}

async function approvals(context: Context, options: { readonly state: string }): Promise<ExitCode> {
  const found = await pendingApprovals(context.api(), options.state);
  if (context.isJson) {
    for (const one of found) await context.json(one);
    return EXIT.ok;
  }
  if (found.length === 0) {
    context.note('nothing waits for a person');
    return EXIT.ok;
  }
  const rows = found.map((one) => {
    const approval = readApproval(one);
    const left = approval.expiresAt === null ? '' : formatSpan(approval.expiresAt - Date.now());
    const digest = approval.digest.slice(0, DIGEST_SHOWN_CHARS);
    const { id, agent, tool } = approval;
    return [id, agent, tool, left, digest, plain(approval.arguments || approval.message)];
  });
  await context.line(formatTable(['ID', 'AGENT', 'TOOL', 'EXPIRES', 'DIGEST', 'WHAT'], rows));
  context.note('approve with: estop approve ID --digest DIGEST');
  return EXIT.ok;
}
