/** Questions to a person. Without a terminal there is nobody to ask, and nothing is assumed. */
import { createInterface } from 'node:readline/promises';
import { CliError } from './cli-error.ts';
import { EXIT } from './domain/exit.ts';
import type { Io } from './io.ts';

/** The answer to a question, or undefined when no person is at the terminal. */
export async function ask(io: Io, question: string): Promise<string | undefined> {
  if (io.stdin.isTTY !== true || !io.errIsTty) return undefined;
  const reader = createInterface({ input: io.stdin, output: process.stderr });
  try {
    return (await reader.question(question, { signal: io.signal })).trim();
  } catch {
    throw new CliError(EXIT.interrupted, 'interrupted');
  } finally {
    reader.close();
  }
}

/** The reason that was given, or asks for it; ends the command when there is none. */
export async function requireReason(io: Io, given: string | undefined): Promise<string> {
  const reason = given ?? (await ask(io, 'reason: '));
  if (reason === undefined || reason === '') {
    throw new CliError(EXIT.usage, 'give a reason', 'add --reason "…"');
  }
  return reason;
}
