/** Hosts that run the hooks of others too: what is installed twice asks twice. */
import { join, resolve } from 'node:path';
import { HOST_NAMES, type HostName } from '@estop/edge/domain/hooks/host';
import { homeFolder } from '../hook-folder.ts';
import type { Io } from '../io.ts';
import { withoutHooks } from './edit-settings.ts';
import { PROJECT_PATH, userSettings } from './host-settings.ts';
import { readSettings } from './settings-file.ts';

/** Whose hooks VS Code runs. */
const RUN_BY_VSCODE: readonly HostName[] = ['claude', 'copilot', 'vscode'];

/** A warning for people; undefined when no call is asked about twice. */
export function askedTwice(io: Io, host: HostName): string | undefined {
  if (!RUN_BY_VSCODE.includes(host)) return undefined;
  const others = HOST_NAMES.filter((one) => one !== host && RUN_BY_VSCODE.includes(one));
  const found = others.flatMap((other) => filesOf(io, other).map((file) => ({ other, file })));
  const [first] = found;
  if (first === undefined) return undefined;
  const files = found.map(({ other, file }) => `${other} (${file})`).join(' and ');
  const spare = host === 'vscode' ? host : first.other;
  return (
    `VS Code also runs the hooks of ${files}: there each call is asked about twice, and an ` +
    `approval is used up by whichever asks first. Keep one of them for VS Code: ` +
    `\`estop install ${spare} --uninstall\` takes one away`
  );
}

/** Settings that have our hooks for this host in them. */
function filesOf(io: Io, host: HostName): readonly string[] {
  const files = [
    resolve(homeFolder(io), ...userSettings(host, io.env)),
    join(io.cwd, ...PROJECT_PATH[host]),
  ];
  return files.filter((file) => {
    const text = readSettings(file);
    const without = withoutHooks(host, text);
    return without.ok && without.text !== text;
  });
}
