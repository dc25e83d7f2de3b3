/** The `estop` command: options, dispatch, exit codes. */
import { createStopSignal } from '@estop/runtime/stop-signal';
import { EstopError, messageOf } from '@estop/schemas/errors';
import { Command, CommanderError, Option } from 'commander';
import type { Act } from './act.ts';
import { CliError } from './cli-error.ts';
import { addAgents } from './commands/agents.ts';
import { addApply } from './commands/apply.ts';
import { addApprovals } from './commands/approvals.ts';
import { addApprove } from './commands/approve.ts';
import { addBacktest } from './commands/backtest.ts';
import { addBreakers } from './commands/breakers.ts';
import { addCheck } from './commands/check.ts';
import { addExplain } from './commands/explain.ts';
import { addHalt } from './commands/halt.ts';
import { addHook } from './commands/hook.ts';
import { addInstall } from './commands/install.ts';
import { addLag } from './commands/lag.ts';
import { addLift } from './commands/lift.ts';
import { addMcp } from './commands/mcp.ts';
import { addPropose } from './commands/propose.ts';
import { addRearm } from './commands/rearm.ts';
import { addReject } from './commands/reject.ts';
import { addServe } from './commands/serve.ts';
import { addSetup } from './commands/setup.ts';
import { addStart } from './commands/start.ts';
import { addStatus } from './commands/status.ts';
import { addTail } from './commands/tail.ts';
import { addTrip } from './commands/trip.ts';
import { addVerify } from './commands/verify.ts';
import { createContext, type GlobalOptions } from './context.ts';
import { EXIT, type ExitCode } from './domain/exit.ts';
import { type Io, processIo } from './io.ts';

const COMMANDS = [
  addStart,
  addServe,
  addSetup,
  addCheck,
  addApply,
  addPropose,
  addBacktest,
  addHalt,
  addLift,
  addBreakers,
  addTrip,
  addRearm,
  addAgents,
  addApprovals,
  addApprove,
  addReject,
  addTail,
  addExplain,
  addStatus,
  addLag,
  addVerify,
  addHook,
  addInstall,
  addMcp,
];

/** Runs one command line. Never throws; answers the exit code. */
export async function runCli(args: readonly string[], io: Io): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.ok;
  const program = new Command('estop')
    .description('An emergency stop for fleets of AI agents.')
    .addOption(new Option('-o, --output <format>').choices(['text', 'json']).default('text'))
    .option('--data <dir>', 'data folder of a local estop (default: ESTOP_DATA or .estop)')
    .configureOutput({ writeOut: (text) => void io.out(text), writeErr: (text) => io.err(text) })
    .showHelpAfterError('(add --help for the options)')
    .exitOverride();
  const act: Act =
    (action) =>
    async (...actionArgs) => {
      const context = createContext(io, program.opts<GlobalOptions>());
      exitCode = await action(context, ...actionArgs);
    };
  for (const add of COMMANDS) add(program, act);
  for (const command of program.commands) inheritSettings(command, program);
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    return report(error, io);
  }
}

function inheritSettings(command: Command, parent: Command): void {
  command.copyInheritedSettings(parent);
  for (const child of command.commands) inheritSettings(child, command);
}

function report(error: unknown, io: Io): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (io.signal.aborted) return EXIT.interrupted;
  const remedy = error instanceof CliError ? error.hint : remedyOf(error);
  io.err(`estop: ${messageOf(error)}\n`);
  if (remedy !== undefined) io.err(`  ${remedy}\n`);
  return error instanceof CliError ? error.exitCode : EXIT.error;
}

function remedyOf(error: unknown): string | undefined {
  return error instanceof EstopError ? error.remedy : undefined;
}

/** Runs the command line of this process. A second signal ends it at once. */
export async function runProcess(): Promise<void> {
  const stop = createStopSignal();
  process.stdout.on('error', exitOnClosedPipe);
  const exitCode = await runCli(process.argv.slice(2), processIo(stop.signal));
  stop.release();
  process.exitCode ||= exitCode;
}

/** `estop tail | head` ends quietly. */
function exitOnClosedPipe(error: NodeJS.ErrnoException): void {
  process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.error);
}
