import type { Command } from 'commander';
import type { Act } from '../act.ts';
import { type AnswerOptions, answerApproval } from '../approval.ts';

/** `estop reject`: a no. */
export function addReject(program: Command, act: Act): void {
  program
    .command('reject <id>')
    .description('say no')
    .option('--digest <digest>', 'only if it still has this content')
    .option('--reason <text>', 'why')
    .action(
      act((context, id: string, options: AnswerOptions) =>
        answerApproval(context, id, { ...options, decision: 'reject' }),
      ),
    );
}
