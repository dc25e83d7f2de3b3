/** HTTP load from a second process; every request carries an intent id of its own. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

const LOAD_PROCESS = join(import.meta.dirname, 'load-process.mjs');

export interface LoadResult {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers that were no 2xx, and requests without one. */
  readonly failed: number;
}

export interface LoadOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** `[<id>]` in it is replaced by an id of its own per request. */
  readonly body: string;
  readonly connections: number;
  readonly seconds: number;
  /** Requests a second, evenly spaced; left out: as many as go. */
  readonly rate?: number;
  /** Each request after the answer to the one before. */
  readonly oneAtATime?: boolean;
  /** Bearer tokens that take turns, in the place of one in the headers. */
  readonly tokens?: readonly string[];
}

export async function load(options: LoadOptions): Promise<LoadResult> {
  const child = spawn(process.execPath, [LOAD_PROCESS, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  for await (const chunk of child.stdout) out += chunk;
  return JSON.parse(out);
}
