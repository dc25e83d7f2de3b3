import type { HostName } from './host.ts';

const NAME_CHARS_MAX = 128;

/** The enforcement point that the hooks of one host on one machine are. */
export function hookPointName(host: HostName, machine: string): string {
  const name = machine.replace(/[^A-Za-z0-9._@+-]/g, '-');
  return `hook-${host}-${name}`.slice(0, NAME_CHARS_MAX);
}
