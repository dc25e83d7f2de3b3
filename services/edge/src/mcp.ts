/** The MCP proxy as a whole: what the `estop mcp` command puts together. */
import type { Readable, Writable } from 'node:stream';
import { isServerName } from './domain/mcp/server-name.ts';
import { acceptChanges } from './domain/mcp/tool-pins.ts';
import type { DoorToken } from './door-token.ts';
import { type Draft, draftCatalogue } from './mcp/catalogue.ts';
import { discoverProcess, discoverUpstream } from './mcp/discovery.ts';
import { type HttpProxy, startHttpProxy } from './mcp/http-proxy.ts';
import type { Upstream } from './mcp/http-relay.ts';
import { PinFile } from './mcp/pin-file.ts';
import { ServerPins } from './mcp/server-pins.ts';
import { runStdioProxy } from './mcp/stdio-proxy.ts';
import { startToolProcess } from './mcp/tool-process.ts';
import type { EnforcementPoint } from './point.ts';

export interface McpDoor {
  /** Name of the tool server: its tools are `mcp.<server>.<tool>`. */
  readonly server: string;
  /** Holds `mcp-pins.json`. */
  readonly folder: string;
  /** One line for people. */
  note(text: string): void;
}

export interface McpCommand {
  /** What starts the tool server. */
  readonly command: readonly string[];
  /** All that the tool server is given. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

export interface StdioDoor extends McpDoor, McpCommand {
  readonly point: EnforcementPoint;
  readonly client: { readonly input: Readable; readonly output: Writable };
  /** Asks for an orderly end. */
  readonly signal: AbortSignal;
}

/** Runs until the tool server has ended; answers its exit code. */
export function serveMcpStdio(door: StdioDoor): Promise<number> {
  const pins = new ServerPins(door.server, new PinFile(door.folder), door.note);
  return runStdioProxy({ ...door, pins, tool: startToolProcess(door) });
}

export interface HttpDoor extends McpDoor {
  readonly point: EnforcementPoint;
  readonly upstream: Upstream;
  readonly host: string;
  readonly port: number;
  /** Origins of pages that may use it, beside those of this machine. */
  readonly origins: readonly string[];
  /** What clients must show; null only on this machine. */
  readonly token: DoorToken | null;
}

export function serveMcpHttp(door: HttpDoor): Promise<HttpProxy> {
  const pins = new ServerPins(door.server, new PinFile(door.folder), door.note);
  return startHttpProxy({ ...door, pins });
}

/**
 * Accepts changed definitions and new tools: `target` is `SERVER` or `SERVER.TOOL`. Answers the names of the tools,
 * null when nothing of that name waits.
 */
export async function acceptMcpTools(
  folder: string,
  target: string,
): Promise<readonly string[] | null> {
  const dot = target.indexOf('.');
  const server = dot < 0 ? target : target.slice(0, dot);
  const tool = dot < 0 ? undefined : target.slice(dot + 1);
  if (!isServerName(server)) return null;
  let names: readonly string[] = [];
  await new PinFile(folder).update(server, (before) => {
    const accepted = acceptChanges(before, tool);
    names = accepted.names;
    return names.length === 0 ? null : accepted.pins;
  });
  return names.length === 0 ? null : names.map((name) => `${server}.${name}`);
}

/** Drafts tools.yaml from what a tool server says of itself. It is started and ended for that. */
export async function draftMcpCatalogue(
  server: string,
  from: (McpCommand & Pick<McpDoor, 'note'>) | Upstream,
): Promise<Draft> {
  if ('url' in from) return draftCatalogue(server, await discoverUpstream(from));
  const tool = startToolProcess(from);
  try {
    return draftCatalogue(server, await discoverProcess(tool));
  } finally {
    tool.close();
    await tool.ended;
  }
}
