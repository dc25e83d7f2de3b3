import type { Context } from './context.ts';
import type { ExitCode } from './domain/exit.ts';

/** What a command does; answers its exit code. */
export type Action<Args extends readonly unknown[]> = (
  context: Context,
  ...args: Args
) => Promise<ExitCode>;

/** Makes a commander action of a command: builds its context, keeps its exit code. */
export type Act = <Args extends readonly unknown[]>(
  action: Action<Args>,
) => (...args: Args) => Promise<void>;
