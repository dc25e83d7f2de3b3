/** The events of Claude Code, which Codex and VS Code send too, with holes. */
import type { JsonRecord } from '../call.ts';
import { type Reading, unreadable, type Verdict } from './host.ts';
import { callEvent, durationIn, type Ended, textIn } from './tool-event.ts';

/** Member names are those of Claude Code; VS Code writes some of them in camel case. */
export function readClaudeShape(input: JsonRecord): Reading {
  const event = textIn(input, 'hook_event_name', 'hookEventName');
  const parts = {
    session: textIn(input, 'session_id', 'sessionId') ?? '',
    rawTool: textIn(input, 'tool_name'),
    rawArguments: input['tool_input'],
    useId: textIn(input, 'tool_use_id'),
  };
  if (event === 'PreToolUse') return callEvent(parts, null);
  if (event === 'PostToolUse') return callEvent(parts, okOf(input));
  if (event === 'PostToolUseFailure') return callEvent(parts, failureOf(input));
  return unreadable(`the event ${event ?? 'without a name'} is not one that is asked about`);
}

function okOf(input: JsonRecord): Ended {
  const result = input['tool_response'] ?? input['tool_result'];
  return { status: 'ok', durationMs: durationIn(input, 'duration_ms'), result, error: null };
}

function failureOf(input: JsonRecord): Ended {
  const status = input['is_interrupt'] === true ? 'cancelled' : 'error';
  const error = textIn(input, 'error') ?? null;
  return { status, durationMs: durationIn(input, 'duration_ms'), result: undefined, error };
}

/**
 * A no is said; a yes of ours leaves everything to the host, which would not ask its own user any
 * more if it read `allow`.
 */
export function answerClaudeShape(verdict: Verdict): JsonRecord {
  if (verdict.decision === 'allow') return {};
  return {
    hookSpecificOutput: {
      hookEventName: 'PreToolUse',
      permissionDecision: 'deny',
      permissionDecisionReason: verdict.message,
    },
  };
}
