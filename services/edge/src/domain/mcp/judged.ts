/** Which MCP requests estop judges, and as which calls of which tools. */
import type { Call, JsonRecord } from '../call.ts';
import { isRecord, type RequestFrame } from './frame.ts';

export type Judged =
  /** Not judged: it passes as it is. */
  | { readonly kind: 'passes' }
  | { readonly kind: 'judged'; readonly call: Call; readonly toolName: string | null }
  | { readonly kind: 'bad'; readonly why: string };

const JUDGED = ['tools/call', 'resources/read', 'prompts/get'];
/** A tool of this name would be taken for what estop calls a request of another kind. */
const RESERVED_TOOLS = ['resources.read', 'prompts.get'];
/** Nesting beyond this is no argument of a tool but an attack on its readers. */
const DEPTH_MAX = 100;

const PASSES: Judged = { kind: 'passes' };

/** `server` is the name that the operator gave the tool server: tools are `mcp.<server>.<tool>`. */
export function judgedBy(server: string, { method, params }: RequestFrame): Judged {
  if (!JUDGED.includes(method)) {
    const isLookalike = JUDGED.includes(method.trim().toLowerCase());
    return isLookalike ? bad(`${JSON.stringify(method)} is no method`) : PASSES;
  }
  const flaw = inexactValue(params, 0);
  if (flaw !== undefined) return bad(flaw);
  if (method === 'tools/call') return toolCall(server, params);
  return method === 'resources/read' ? resourceRead(server, params) : promptGet(server, params);
}

function toolCall(server: string, params: JsonRecord): Judged {
  const { name } = params;
  if (typeof name !== 'string' || name === '') return bad('params.name must be a text');
  if (RESERVED_TOOLS.includes(name)) return bad(`a tool may not be named ${name}`);
  const given = argumentsOf(params);
  if (given === undefined) return bad('params.arguments must be an object');
  return judged({ tool: `mcp.${server}.${name}`, arguments: given }, name);
}

function resourceRead(server: string, { uri }: JsonRecord): Judged {
  if (typeof uri !== 'string' || uri === '') return bad('params.uri must be a text');
  return judged({ tool: `mcp.${server}.resources.read`, arguments: { uri } }, null);
}

function promptGet(server: string, params: JsonRecord): Judged {
  const { name } = params;
  if (typeof name !== 'string' || name === '') return bad('params.name must be a text');
  const given = argumentsOf(params);
  if (given === undefined) return bad('params.arguments must be an object');
  const tool = `mcp.${server}.prompts.get`;
  return judged({ tool, arguments: { name, arguments: given } }, null);
}

function argumentsOf(params: JsonRecord): JsonRecord | undefined {
  const given = 'arguments' in params ? params['arguments'] : {};
  return isRecord(given) ? given : undefined;
}

function judged(call: Call, toolName: string | null): Judged {
  return { kind: 'judged', call, toolName };
}

function bad(why: string): Judged {
  return { kind: 'bad', why };
}

/** Why the value would not be forwarded as it was sent; undefined when it would. */
function inexactValue(value: unknown, depth: number): string | undefined {
  if (typeof value === 'number') {
    const isExact = Number.isFinite(value) && (!Number.isInteger(value) || isSafe(value));
    return isExact ? undefined : 'a number is too large to be kept exactly: send it as a text';
  }
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth >= DEPTH_MAX) return `params are nested more than ${DEPTH_MAX} deep`;
  for (const one of Object.values(value)) {
    const flaw = inexactValue(one, depth + 1);
    if (flaw !== undefined) return flaw;
  }
  return undefined;
}

function isSafe(value: number): boolean {
  return Number.isSafeInteger(value);
}
