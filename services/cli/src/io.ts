/** What a command sees of the process: streams, environment, terminal. Tests give their own. */
import type { Readable, Writable } from 'node:stream';

export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  /** For commands that pass bytes on. */
  readonly stdout: Writable;
  /** Data. Resolves when more may be written. */
  out(text: string): Promise<void>;
  /** People. */
  err(text: string): void;
  readonly outIsTty: boolean;
  readonly errIsTty: boolean;
  /** Fires when the process is asked to stop (SIGINT, SIGTERM). */
  readonly signal: AbortSignal;
  /** Ends the process at once: for a stop that takes too long. */
  exit(code: number): void;
}

/** The Io of this process. `signal` is fired by whoever listens to the process's signals. */
export function processIo(signal: AbortSignal): Io {
  return {
    env: process.env,
    cwd: process.cwd(),
    stdin: process.stdin,
    stdout: process.stdout,
    out: (text) => writeDrained(text),
    err: (text) => {
      process.stderr.write(text);
    },
    outIsTty: process.stdout.isTTY === true,
    errIsTty: process.stderr.isTTY === true,
    signal,
    exit: (code) => process.exit(code),
  };
}

function writeDrained(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
}
