import { type Command, Option } from 'commander';
import type { Act } from '../act.ts';
import type { Context } from '../context.ts';
import { describeBreaker } from '../domain/breaker-line.ts';
import { EXIT, type ExitCode } from '../domain/exit.ts';

interface TripOptions {
  readonly mode: 'open' | 'step-up';
  readonly for?: string;
  readonly reason?: string;
}

/** `estop trip`: opens the breaker of one agent, or lets a person be asked for each of its writes. */
export function addTrip(program: Command, act: Act): void {
  program
    .command('trip <agent>')
    .description('open the breaker of an agent, until its time is over or a person re-arms it')
    .addOption(
      new Option('--mode <mode>', 'open: nothing passes; step-up: a person is asked for writes')
        .choices(['open', 'step-up'])
        .default('open'),
    )
    .option('--for <span>', 'such as 30s or 15m: then it is tried with five reads')
    .option('--reason <text>', 'why')
    .action(act(trip));
}

async function trip(context: Context, id: string, options: TripOptions): Promise<ExitCode> {
  const path = `/v1/agents/${encodeURIComponent(id)}/breaker/trip`;
  const { mode, reason } = options;
  const body = { mode, reason, for: options.for };
  const answer = await context.api().call('POST', path, { body });
  if (context.isJson) await context.json(answer);
  else await context.line(`${id}  ${describeBreaker(answer) ?? 'closed'}`);
  return EXIT.ok;
}
