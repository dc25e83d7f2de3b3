import { HOST_NAMES } from '@estop/edge/domain/hooks/host';
import { type Command, Option } from 'commander';
import type { Act } from '../act.ts';
import { EXIT } from '../domain/exit.ts';
import { answerOnce } from '../hook-process.ts';

/** `estop hook`: here for --help and for options before it; hosts come by entry.ts. */
export function addHook(program: Command, act: Act): void {
  program
    .command('hook')
    .description('answer one event of a coding agent, from stdin; what `estop install` sets up')
    .addOption(new Option('--host <host>', 'which one').choices(HOST_NAMES).makeOptionMandatory())
    .action(
      act(async ({ io }, options: { readonly host: string }) => {
        const reply = await answerOnce(['--host', options.host], io);
        if (reply.stderr !== '') io.err(reply.stderr);
        if (reply.stdout !== '') await io.out(reply.stdout);
        return reply.exitCode === 0 ? EXIT.ok : EXIT.usage;
      }),
    );
}
