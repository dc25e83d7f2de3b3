/**
 * One scheme of tool names for all hosts, as operators write them in tools.yaml: a tool of the host
 * keeps its name (`Bash`, `run_shell_command`), a tool of an MCP server is `mcp.SERVER.TOOL`.
 */
import { parseToolName } from '@estop/schemas/ids';

/** The server ends at the first `__`, and holds no dot: so no two names become one. */
const MCP_NAME = /^mcp__([A-Za-z0-9_@+-]+?)__(.+)$/;
const MCP_SERVER = /^[A-Za-z0-9_@+-]+$/;
const MCP_PREFIX = 'mcp.';

/** The name of a tool that a host calls `raw`; undefined when it cannot be one. */
export function toolNameOf(raw: string): string | undefined {
  // Only an MCP tool may look like one.
  if (raw.startsWith(MCP_PREFIX)) return undefined;
  const [, server, tool] = MCP_NAME.exec(raw) ?? [];
  if (server !== undefined && tool !== undefined) return mcpToolName(server, tool);
  return parseToolName(raw);
}

/** The name of a server's tool, where the host says both; undefined when it cannot be one. */
export function mcpToolName(server: string, tool: string): string | undefined {
  return MCP_SERVER.test(server) ? parseToolName(`${MCP_PREFIX}${server}.${tool}`) : undefined;
}
