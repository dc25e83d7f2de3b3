/** What the proxy itself answers, as JSON-RPC frames of either era. */
import type { JsonRecord, Refusal } from '../call.ts';
import { eraOf } from './era.ts';
import type { FrameId, RequestFrame } from './frame.ts';

/** Of the range that JSON-RPC leaves to implementations: estop did not let it pass, or ended it. */
export const REFUSED = -32_010;

/** Headers do not agree with the body (MCP 2026-07-28). */
export const HEADER_MISMATCH = -32_020;

/** A JSON-RPC error. */
export function errorReply(
  id: FrameId | null,
  error: { readonly code: number; readonly message: string; readonly data?: JsonRecord },
): JsonRecord {
  return { jsonrpc: '2.0', id, error };
}

/**
 * What the client gets in the place of a result. A tool's refusal is a result with `isError`, so
 * that the model reads it; results of resources and prompts have no such mark, so theirs is an error.
 */
export function refusedReply(request: RequestFrame, text: string): JsonRecord {
  const { id, method, params } = request;
  if (method !== 'tools/call') return errorReply(id, { code: REFUSED, message: text });
  const era = eraOf(params) === 'modern' ? { resultType: 'complete' } : {};
  const result = { ...era, content: [{ type: 'text', text }], isError: true };
  return { jsonrpc: '2.0', id, result };
}

/** What the model reads of a refusal: what to do next is in it. */
export function refusalText(refusal: Refusal): string {
  const { message } = refusal;
  const said = `estop: ${message}${/[.!?]$/.test(message) ? '' : '.'}`;
  if (refusal.reason === 'needs-approval' && refusal.approval !== undefined) {
    const { id } = refusal.approval;
    return `${said} Nothing was done. It waits as approval ${id}: repeat the same call after the approval.`;
  }
  if (refusal.retryAfterMs === undefined) return `${said} Nothing was done.`;
  const seconds = Math.ceil(refusal.retryAfterMs / 1_000);
  return `${said} Nothing was done. It may be asked again in ${seconds} s.`;
}
