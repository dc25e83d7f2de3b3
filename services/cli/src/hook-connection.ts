/** Where a hook asks, and as whom. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { connectionFile } from './hook-folder.ts';
import type { Io } from './io.ts';

export interface Connection {
  readonly url: string;
  /** Of the agent: an operator's key speaks for no agent. */
  readonly key: string;
  /** Whose key it is, and which one: for its end. Earlier installs did not write them down. */
  readonly agent?: string;
  readonly credential?: string;
}

/**
 * What `estop install HOST --agent A` has kept; without it ESTOP_URL and ESTOP_KEY[_FILE]. In this
 * order: settings of a project can bring variables along, and must not send the key elsewhere.
 */
export function readConnection(io: Io, host: string): Connection {
  const kept = readKept(connectionFile(io, host));
  if (kept !== undefined) return kept;
  const url = io.env['ESTOP_URL'];
  const key = keyInEnvironment(io);
  if (url && key) return { url, key };
  const missing = url ? 'the key of the agent' : 'where estop is';
  throw new Error(
    `hook: nobody said ${missing}: run \`estop install ${host} --agent AGENT\`, or set ESTOP_URL and ESTOP_KEY`,
  );
}

/** Whether one was kept for this host. */
export function hasConnection(io: Io, host: string): boolean {
  return existsSync(connectionFile(io, host));
}

/** What was kept for this host, and can be read. */
export function keptConnection(io: Io, host: string): Connection | undefined {
  try {
    return readKept(connectionFile(io, host));
  } catch {
    return undefined;
  }
}

export function keepConnection(io: Io, host: string, connection: Connection): void {
  const file = connectionFile(io, host);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  rmSync(file, { force: true });
  writeFileSync(file, `${JSON.stringify(connection)}\n`, { mode: 0o600 });
}

export function forgetConnection(io: Io, host: string): void {
  rmSync(connectionFile(io, host), { force: true });
}

function keyInEnvironment(io: Io): string | undefined {
  const file = io.env['ESTOP_KEY_FILE'];
  if (io.env['ESTOP_KEY']) return io.env['ESTOP_KEY'];
  return file ? readFileSync(resolve(io.cwd, file), 'utf8').trim() : undefined;
}

function readKept(file: string): Connection | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  const { url, key, agent, credential } = JSON.parse(text);
  if (typeof url === 'string' && typeof key === 'string') {
    const isNamed = typeof agent === 'string' && typeof credential === 'string';
    return isNamed ? { url, key, agent, credential } : { url, key };
  }
  throw new Error(`hook: ${file} holds no url and key; install again`);
}
