/** Gemini CLI. Exit code 2 blocks with the text of stderr; others warn, and the call runs. */
import type { JsonRecord } from '../call.ts';
import { isRecord } from '../json.ts';
import { type Host, type Reading, unreadable, type Verdict } from './host.ts';
import { callEvent, type Ended, textIn } from './tool-event.ts';
import { mcpToolName } from './tool-name.ts';

export const gemini: Host = {
  name: 'gemini',
  observed: 'Gemini CLI, hooks reference of August 2026',
  read,
  answer,
};

function read(input: JsonRecord): Reading {
  const event = textIn(input, 'hook_event_name');
  const parts = {
    session: textIn(input, 'session_id') ?? '',
    rawTool: textIn(input, 'tool_name'),
    tool: mcpTool(input['mcp_context']),
    rawArguments: input['tool_input'],
    useId: undefined,
  };
  if (event === 'BeforeTool') return callEvent(parts, null);
  if (event === 'AfterTool') return callEvent(parts, endedOf(input['tool_response']));
  return unreadable(`the event ${event ?? 'without a name'} is not one that is asked about`);
}

/** The host flattens server and tool into one name; it says both here. */
function mcpTool(context: unknown): string | undefined {
  if (!isRecord(context)) return undefined;
  const server = textIn(context, 'server_name');
  const tool = textIn(context, 'tool_name');
  return server === undefined || tool === undefined ? undefined : mcpToolName(server, tool);
}

function endedOf(result: unknown): Ended {
  const error = isRecord(result) ? result['error'] : undefined;
  if (error === undefined || error === null) {
    return { status: 'ok', durationMs: null, result, error: null };
  }
  const text = typeof error === 'string' ? error : JSON.stringify(error);
  return { status: 'error', durationMs: null, result, error: text };
}

function answer(verdict: Verdict): JsonRecord {
  if (verdict.decision === 'allow') return { decision: 'allow' };
  return { decision: 'deny', reason: verdict.message };
}
