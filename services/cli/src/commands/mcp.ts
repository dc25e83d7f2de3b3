import { existsSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { isServerName, serverNameOf } from '@estop/edge/domain/mcp/server-name';
import { DoorToken } from '@estop/edge/door-token';
import {
  acceptMcpTools,
  draftMcpCatalogue,
  type McpCommand,
  serveMcpHttp,
  serveMcpStdio,
} from '@estop/edge/mcp';
import { readConfig } from '@estop/runtime/config';
import type { Command } from 'commander';
import type { Act } from '../act.ts';
import { CliError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { ensureDataFolder } from '../data-folder.ts';
import { EXIT, type ExitCode } from '../domain/exit.ts';
import { listenAt, upstreamHeader } from '../domain/mcp-options.ts';
import { openMcpPoint } from '../mcp-point.ts';

interface McpOptions {
  readonly server?: string;
  readonly agent?: string;
  readonly listen?: string;
  readonly upstream?: string;
  readonly upstreamHeader: readonly string[];
  readonly origin: readonly string[];
  readonly tokenFile?: string;
  readonly discover?: boolean;
  readonly out?: string;
  readonly force?: boolean;
  readonly accept?: string;
}

const each = (value: string, before: readonly string[]) => [...before, value];

/** `estop mcp`: stands between an MCP client and its tool server. */
export function addMcp(program: Command, act: Act): void {
  program
    .command('mcp [command...]')
    .description(
      'put an MCP server behind estop: `estop mcp -- CMD ARGS…` in the place of CMD ARGS…',
    )
    .option('--server <name>', 'its name: tools are mcp.<name>.<tool> (default: from the command)')
    .option('--agent <agent>', "whose calls these are, when the key is an operator's")
    .option('--listen <[host:]port>', 'serve streamable HTTP; 127.0.0.1 unless a host is given')
    .option('--upstream <url>', 'the server behind --listen, or the one to --discover')
    .option('--upstream-header <name=variable>', 'a header for it, from the environment', each, [])
    .option(
      '--origin <origin>',
      'pages that may use --listen, beside those of this machine',
      each,
      [],
    )
    .option('--token-file <file>', 'holds the token that clients of --listen must show')
    .option('--discover', 'print entries for tools.yaml, with proposed tiers')
    .option('--out <file>', 'write them there')
    .option('--force', 'also over a file that exists')
    .option('--accept <server[.tool]>', 'take new tools, and changed ones, as they are now')
    .action(act(mcp));
}

async function mcp(
  context: Context,
  command: readonly string[],
  options: McpOptions,
): Promise<ExitCode> {
  if (options.accept !== undefined) return await accept(context, options.accept);
  const server = serverOf(command, options);
  if (options.discover === true) return await discover(context, server, { command, options });
  if (options.listen !== undefined) return await listen(context, server, options);
  if (command.length === 0) throw new CliError(EXIT.usage, 'no server is named', USAGE);
  ensureDataFolder(context.data);
  const { point, close } = openMcpPoint(context, server, options.agent);
  const { stdin: input, stdout: output, signal } = context.io;
  const exitCode = await serveMcpStdio({
    ...{ server, point, signal },
    ...commandOf(context, command),
    client: { input, output },
    folder: context.data.path,
    note: (text) => context.note(`estop: ${text}`),
  }).finally(close);
  if (exitCode !== 0) context.io.exit(exitCode);
  return EXIT.ok;
}

const USAGE = 'write `estop mcp -- CMD ARGS…`, or --listen PORT --upstream URL';

async function accept(context: Context, target: string): Promise<ExitCode> {
  const accepted = await acceptMcpTools(context.data.path, target);
  if (accepted === null) {
    throw new CliError(
      EXIT.notFound,
      `no new or changed definition of ${target} waits to be accepted`,
    );
  }
  if (context.isJson) await context.json({ accepted });
  else for (const name of accepted) await context.line(`accepted ${name}`);
  return EXIT.ok;
}

async function discover(
  context: Context,
  server: string,
  asked: { readonly command: readonly string[]; readonly options: McpOptions },
): Promise<ExitCode> {
  const { command, options } = asked;
  const note = (text: string) => context.note(`estop: ${text}`);
  const out = options.out === undefined ? undefined : resolve(context.io.cwd, options.out);
  if (out !== undefined && existsSync(out) && options.force !== true) {
    throw new CliError(EXIT.conflict, `${out} exists`, 'choose another file, or add --force');
  }
  const from =
    options.upstream === undefined
      ? { ...commandOf(context, command), note }
      : upstreamOf(context, options);
  if (options.upstream === undefined && command.length === 0) {
    throw new CliError(EXIT.usage, 'no server is named', USAGE);
  }
  const { yaml, left } = await draftMcpCatalogue(server, from);
  for (const name of left) note(`left out: ${JSON.stringify(name)} is no name for a tool here`);
  if (out === undefined) await context.io.out(yaml);
  else writeFileSync(out, yaml);
  return left.length === 0 ? EXIT.ok : EXIT.partial;
}

async function listen(context: Context, server: string, options: McpOptions): Promise<ExitCode> {
  const at = listenAt(options.listen ?? '');
  if (typeof at === 'string') throw new CliError(EXIT.usage, at);
  const upstream = upstreamOf(context, options);
  const token = tokenOf(context, options);
  if (token === null && !at.isLocal) {
    throw new CliError(EXIT.usage, `others reach ${at.host}: clients must show a token`, TOKEN);
  }
  ensureDataFolder(context.data);
  const { point, close } = openMcpPoint(context, server, options.agent);
  const proxy = await serveMcpHttp({
    ...{ server, point, upstream, token, ...at },
    origins: options.origin,
    folder: context.data.path,
    note: (text) => context.note(`estop: ${text}`),
  });
  await context.line(`estop mcp ready http://${at.host}:${proxy.port}/mcp`);
  if (!context.io.signal.aborted) {
    await new Promise<void>((stopped) => {
      context.io.signal.addEventListener('abort', () => stopped(), { once: true });
    });
  }
  await proxy.close();
  await close();
  return EXIT.ok;
}

const TOKEN = 'give --token-file FILE, or set ESTOP_MCP_TOKEN';

/** Null: no token is asked for. */
function tokenOf({ io }: Context, { tokenFile }: McpOptions): DoorToken | null {
  const file = tokenFile === undefined ? undefined : resolve(io.cwd, tokenFile);
  const from = file === undefined ? io.env : { ESTOP_MCP_TOKEN_FILE: file };
  const { ESTOP_MCP_TOKEN: token } = readConfig(['ESTOP_MCP_TOKEN'], from);
  if (token !== null) return new DoorToken(token);
  if (file === undefined) return null;
  throw new CliError(EXIT.usage, `${file} holds no token`, TOKEN);
}

function upstreamOf(context: Context, options: McpOptions) {
  const { upstream: url = '', upstreamHeader: given } = options;
  const isHttp = URL.canParse(url) && ['http:', 'https:'].includes(new URL(url).protocol);
  if (!isHttp) throw new CliError(EXIT.usage, '--upstream takes an http or https address');
  const headers: Record<string, string> = {};
  for (const text of given) {
    const header = upstreamHeader(text, context.io.env);
    if (typeof header === 'string') throw new CliError(EXIT.usage, header);
    headers[header.name] = header.value;
  }
  return { url: new URL(url), headers };
}

/** The tool server is given everything but what is estop's: the agent's key is not for it. */
function commandOf({ io }: Context, command: readonly string[]): McpCommand {
  const own = Object.entries(io.env).filter(([name]) => !name.startsWith('ESTOP_'));
  return { command, cwd: io.cwd, env: Object.fromEntries(own) };
}

function serverOf(command: readonly string[], { server, upstream }: McpOptions): string {
  const name = server ?? (upstream === undefined ? serverNameOf(command) : undefined);
  if (name === undefined) {
    throw new CliError(EXIT.usage, 'the server needs a name', 'add --server NAME');
  }
  if (isServerName(name)) return name;
  throw new CliError(EXIT.usage, `${name} is no name: letters, digits, _ and -, at most 64`);
}
