/** What a tool server's answer says of the call: results may be failures too. */
import type { JsonRecord, Outcome } from '../call.ts';
import { isRecord } from './frame.ts';

const ERROR_CHARS_MAX = 500;

/** `response` is a whole JSON-RPC response. */
export function outcomeOf(response: JsonRecord): Outcome {
  const { error, result } = response;
  if (isRecord(error)) return { status: 'error', error: clipped(error['message']) };
  if (!isRecord(result)) return { status: 'error', error: 'the answer has no result' };
  if (result['isError'] !== true) return { status: 'ok' };
  return { status: 'error', error: clipped(firstText(result['content'])) };
}

function firstText(content: unknown): unknown {
  const [first] = Array.isArray(content) ? content : [];
  return isRecord(first) ? first['text'] : undefined;
}

function clipped(text: unknown): string {
  return typeof text === 'string' ? text.slice(0, ERROR_CHARS_MAX) : 'the tool reported an error';
}
