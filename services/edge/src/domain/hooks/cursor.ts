/**
 * Cursor. With `failClosed: true` an answer that says nothing blocks, so that a yes is said, and with
 * it the host does not ask its own user. One call fires a generic event, which names the tool, and for
 * a shell command or an MCP tool a second one; the yes to the first holds for the second, once.
 */
import type { JsonRecord } from '../call.ts';
import { type Host, type Reading, unreadable, type Verdict } from './host.ts';
import { argumentsOf, callEvent, durationIn, type Ended, textIn } from './tool-event.ts';
import { mcpToolName, toolNameOf } from './tool-name.ts';

const SHELL = 'Shell';
const MCP_PREFIX = 'MCP:';
/** The host does not say which server a tool is of. */
const ANY_SERVER = '_';

export const cursor: Host = {
  name: 'cursor',
  observed: 'Cursor 3.9.16',
  read,
  answer,
};

function read(input: JsonRecord): Reading {
  const event = textIn(input, 'hook_event_name');
  const generation = textIn(input, 'generation_id');
  const base = { session: textIn(input, 'conversation_id') ?? '' };
  const rawTool = textIn(input, 'tool_name');
  switch (event) {
    case 'preToolUse': {
      const named = { ...base, ...toolParts(input, rawTool) };
      const key = twinKeyOf(named.tool, named.rawArguments);
      if (key === undefined) return callEvent(named, null);
      return callEvent({ ...named, twin: 'first', twinKey: `${generation} ${key}` }, null);
    }
    case 'beforeShellExecution':
    case 'beforeMCPExecution': {
      const isShell = event === 'beforeShellExecution';
      const named = { ...base, ...(isShell ? shellParts(input) : mcpParts(input, rawTool)) };
      const key = twinKeyOf(named.tool, named.rawArguments);
      return callEvent({ ...named, twin: 'second', twinKey: `${generation} ${key}` }, null);
    }
    case 'postToolUse':
      return callEvent({ ...base, ...toolParts(input, rawTool) }, okOf(input));
    case 'postToolUseFailure':
      return callEvent({ ...base, ...toolParts(input, rawTool) }, failureOf(input));
    default:
      return unreadable(`the event ${event ?? 'without a name'} is not one that is asked about`);
  }
}

function toolParts(input: JsonRecord, rawTool: string | undefined) {
  const useId = textIn(input, 'tool_use_id');
  const mcp = rawTool?.startsWith(MCP_PREFIX) === true;
  const tool = mcp
    ? mcpToolName(ANY_SERVER, rawTool.slice(MCP_PREFIX.length))
    : rawTool && toolNameOf(rawTool);
  return { rawTool, tool, rawArguments: input['tool_input'], useId };
}

function shellParts(input: JsonRecord) {
  const command = textIn(input, 'command');
  const cwd = textIn(input, 'cwd');
  const rawArguments = { command, ...(cwd === undefined ? {} : { cwd }) };
  // Without a command it is no event of this kind, and no arguments say so.
  return { rawTool: command && SHELL, tool: SHELL, rawArguments, useId: undefined };
}

function mcpParts(input: JsonRecord, rawTool: string | undefined) {
  const name = rawTool?.startsWith(MCP_PREFIX) ? rawTool.slice(MCP_PREFIX.length) : rawTool;
  const tool = name === undefined ? undefined : mcpToolName(ANY_SERVER, name);
  return { rawTool, tool, rawArguments: input['tool_input'], useId: undefined };
}

/** What both events of one call say of it; undefined where there is no second one. */
function twinKeyOf(tool: string | undefined, rawArguments: unknown): string | undefined {
  const args = argumentsOf(rawArguments);
  if (tool === SHELL) return `${SHELL} ${JSON.stringify(args?.['command'])}`;
  return tool?.startsWith('mcp.') ? `${tool} ${JSON.stringify(args)}` : undefined;
}

function okOf(input: JsonRecord): Ended {
  const result = input['tool_output'];
  return { status: 'ok', durationMs: durationIn(input, 'duration'), result, error: null };
}

function failureOf(input: JsonRecord): Ended {
  const status = input['is_interrupt'] === true ? 'cancelled' : 'error';
  const error = textIn(input, 'error_message') ?? null;
  return { status, durationMs: durationIn(input, 'duration'), result: undefined, error };
}

/** The model reads `user_message`, whatever the documents say of `agent_message`. */
function answer(verdict: Verdict): JsonRecord {
  if (verdict.decision === 'allow') return { permission: 'allow' };
  const { message } = verdict;
  return { permission: 'deny', user_message: message, agent_message: message };
}
