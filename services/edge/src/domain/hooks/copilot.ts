/**
 * Copilot CLI and coding agent. The events carry no name: what is in them tells them apart. A crash
 * or any exit code but 0 denies, but a timeout lets the call run, so that an answer must come first.
 * VS Code reads the same folder of hooks and sends its own events: those are answered in its way.
 */
import type { JsonRecord } from '../call.ts';
import { isRecord } from '../json.ts';
import { answerClaudeShape, readClaudeShape } from './claude-shape.ts';
import type { Host, Reading, Verdict } from './host.ts';
import { callEvent, type Ended, textIn } from './tool-event.ts';

export const copilot: Host = {
  name: 'copilot',
  observed: 'Copilot CLI, hooks reference of October 2026',
  read,
  answer,
};

function read(input: JsonRecord): Reading {
  if (isClaudeShape(input)) return readClaudeShape(input);
  const parts = {
    session: textIn(input, 'sessionId') ?? null,
    rawTool: textIn(input, 'toolName'),
    // A string of JSON in some versions, an object in others.
    rawArguments: input['toolArgs'],
    useId: textIn(input, 'toolCallId'),
  };
  return callEvent(parts, endedOf(input));
}

/** Null: the call has not begun. */
function endedOf(input: JsonRecord): Ended | null {
  const error = textIn(input, 'error') ?? null;
  if (error !== null) return { status: 'error', durationMs: null, result: undefined, error };
  const result = input['toolResult'];
  if (result === undefined) return null;
  const isOk = !isRecord(result) || result['resultType'] === 'success';
  return { status: isOk ? 'ok' : 'error', durationMs: null, result, error: null };
}

function answer(verdict: Verdict, input: JsonRecord): JsonRecord {
  if (isClaudeShape(input)) return answerClaudeShape(verdict);
  // A yes leaves the host's own questions to its user as they are.
  if (verdict.decision === 'allow') return {};
  return { permissionDecision: 'deny', permissionDecisionReason: verdict.message };
}

function isClaudeShape(input: JsonRecord): boolean {
  return textIn(input, 'hook_event_name', 'hookEventName') !== undefined;
}
