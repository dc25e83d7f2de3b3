/** The hosts by name. */
import { claude } from './claude.ts';
import { codex } from './codex.ts';
import { copilot } from './copilot.ts';
import { cursor } from './cursor.ts';
import { gemini } from './gemini.ts';
import type { Host, HostName } from './host.ts';
import { vscode } from './vscode.ts';

export const HOSTS: Readonly<Record<HostName, Host>> = {
  claude,
  codex,
  gemini,
  cursor,
  copilot,
  vscode,
};

export function hostNamed(name: string | undefined): Host | undefined {
  return Object.values(HOSTS).find((host) => host.name === name);
}
