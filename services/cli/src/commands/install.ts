import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HOST_NAMES, type HostName } from '@estop/edge/domain/hooks/host';
import { Argument, type Command } from 'commander';
import type { Act } from '../act.ts';
import { ask } from '../ask.ts';
import { CliError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../domain/exit.ts';
import { hasConnection } from '../hook-connection.ts';
import { homeFolder } from '../hook-folder.ts';
import { isBare, withHooks, withoutHooks } from '../install/edit-settings.ts';
import { issueHookKey, revokeHookKey } from '../install/hook-key.ts';
import { afterwards, hookSettings, PROJECT_PATH, userSettings } from '../install/host-settings.ts';
import { askedTwice } from '../install/same-calls.ts';
import {
  dropBackup,
  keepBackup,
  readBackup,
  readSettings,
  removeSettings,
  writeSettings,
} from '../install/settings-file.ts';

const BIN = fileURLToPath(new URL('../../bin/estop.mjs', import.meta.url));
const PLAIN_PATH = /^[\w./@+-]+$/;

interface InstallOptions {
  readonly agent?: string;
  readonly project?: boolean;
  readonly dryRun?: boolean;
  readonly uninstall?: boolean;
  readonly yes?: boolean;
}

/** `estop install HOST`: makes a coding agent ask before every tool call. */
export function addInstall(program: Command, act: Act): void {
  program
    .command('install')
    .description('make a coding agent ask before every tool call')
    .addArgument(new Argument('<host>', 'which coding agent').choices(HOST_NAMES))
    .option('--agent <agent>', 'issue a key to this agent, and ask with it')
    .option('--project', 'in the settings of the project here, not those of the user')
    .option('--dry-run', 'show the change and make none')
    .option('--uninstall', 'take away what was added')
    .option('--yes', 'do not ask before the settings are written')
    .action(act(install));
}

async function install(
  context: Context,
  host: HostName,
  options: InstallOptions,
): Promise<ExitCode> {
  const { io } = context;
  const isProject = options.project === true;
  const file = isProject
    ? join(io.cwd, ...PROJECT_PATH[host])
    : resolve(homeFolder(io), ...userSettings(host, io.env));
  const before = readSettings(file);
  const after = options.uninstall === true ? uninstalled(host, file) : installed(host, file);
  await showChange(context, { file, before, after });
  if (options.dryRun === true) return said(context, { host, file, done: 'unchanged (dry run)' });
  if (before !== after && !(await isWanted(context, options))) {
    return said(context, { host, file, done: 'unchanged' }, EXIT.negative);
  }
  if (options.uninstall === true) {
    takeAway(file, after);
    const isRevoked = isProject || (await revokeHookKey(context, host));
    const code = isRevoked ? EXIT.ok : EXIT.partial;
    return said(context, { host, file, done: 'uninstalled' }, code);
  }
  if (options.agent !== undefined) await issueHookKey(context, host, options.agent);
  write(context, { file, before, after });
  if (!hasConnection(context.io, host)) {
    context.note('the hooks ask with ESTOP_URL and ESTOP_KEY of their environment (or --agent A)');
  }
  const twice = askedTwice(io, host);
  if (twice !== undefined) context.note(twice);
  context.note(afterwards(host));
  return said(context, { host, file, done: 'installed' });
}

interface Change {
  readonly file: string;
  readonly before: string;
  readonly after: string;
}

function installed(host: HostName, file: string): string {
  const edited = withHooks(host, readSettings(file), hookSettings(host, commandOf(host)));
  if (edited.ok) return edited.text;
  throw new CliError(EXIT.error, `${file}: ${edited.problem}`, 'correct it; nothing was changed');
}

/** The text of before, to the byte, where nothing but ours has changed since. */
function uninstalled(host: HostName, file: string): string {
  const text = readSettings(file);
  const backup = readBackup(file);
  if (backup !== undefined) {
    const again = withHooks(host, backup, hookSettings(host, commandOf(host)));
    if (again.ok && again.text === text) return backup;
  }
  const edited = withoutHooks(host, text);
  if (edited.ok) return edited.text;
  throw new CliError(EXIT.error, `${file}: ${edited.problem}`, 'correct it; nothing was changed');
}

function write(context: Context, { file, before, after }: Change): void {
  if (before === after) return;
  // A backup is of before the first of our edits: that is what an uninstall brings back.
  if (before !== '' && !before.includes(BIN)) {
    context.note(`the settings of before: ${keepBackup(file, before)}`);
  }
  writeSettings(file, after);
}

function takeAway(file: string, after: string): void {
  const backup = readBackup(file);
  if (readSettings(file) !== after) {
    if (backup === undefined && isBare(after)) removeSettings(file);
    else writeSettings(file, after);
  }
  if (backup === after) dropBackup(file);
}

async function showChange(context: Context, { file, before, after }: Change): Promise<void> {
  if (before === after) return context.note(`${file}: nothing to change`);
  const { createTwoFilesPatch } = await import('diff');
  const was = before === '' ? '/dev/null' : file;
  context.io.err(createTwoFilesPatch(was, file, before, after));
}

async function isWanted(context: Context, options: InstallOptions): Promise<boolean> {
  if (options.yes === true) return true;
  const answer = await ask(context.io, 'write it? [y/N] ');
  if (answer !== undefined) return /^y(es)?$/i.test(answer);
  throw new CliError(EXIT.usage, 'nobody is there to ask', 'add --yes, or --dry-run to look only');
}

/** The command as a shell reads it. */
function commandOf(host: HostName): string {
  return `${[process.execPath, BIN].map(quoted).join(' ')} hook --host ${host}`;
}

function quoted(path: string): string {
  if (PLAIN_PATH.test(path)) return path;
  return process.platform === 'win32' ? `"${path}"` : `'${path.replaceAll("'", "'\\''")}'`;
}

async function said(
  context: Context,
  what: { readonly host: HostName; readonly file: string; readonly done: string },
  code: ExitCode = EXIT.ok,
): Promise<ExitCode> {
  if (context.isJson) await context.json(what);
  else await context.line(`${what.done} ${what.file}`);
  return code;
}
