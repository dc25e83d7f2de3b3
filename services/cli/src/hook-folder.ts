/** Where hooks keep what they know, for their user alone: not in any project that an agent works in. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Io } from './io.ts';

export function homeFolder(io: Io): string {
  return io.env['HOME'] || homedir();
}

/** The address and key of the hooks of one host. */
export function connectionFile(io: Io, host: string): string {
  return join(configFolder(io), `${host}.json`);
}

/** Calls that wait for a person, and calls that run. */
export function memoryFolder(io: Io): string {
  return join(configFolder(io), 'memory');
}

function configFolder(io: Io): string {
  const base = io.env['XDG_CONFIG_HOME'] || join(homeFolder(io), '.config');
  return join(base, 'estop', 'hooks');
}
