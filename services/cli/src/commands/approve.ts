import type { Command } from 'commander';
import type { Act } from '../act.ts';
import { type AnswerOptions, answerApproval } from '../approval.ts';

/** `estop approve`: a yes to exactly one content. */
export function addApprove(program: Command, act: Act): void {
  program
    .command('approve <id>')
    .description('say yes to exactly one content')
    .option('--digest <digest>', 'the content that was read, as `estop approvals` shows it')
    .option('--reason <text>', 'why')
    .action(
      act((context, id: string, options: AnswerOptions) =>
        answerApproval(context, id, { ...options, decision: 'approve' }),
      ),
    );
}
