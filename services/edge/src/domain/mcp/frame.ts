/**
 * JSON-RPC 2.0 frames as MCP clients send them, in both protocol eras (2025-11-25 and 2026-07-28).
 * Strict on purpose: what one reader could take for another frame than the next reader does is
 * refused, since the tool server behind is a reader that we do not know.
 */
import type { JsonRecord } from '../call.ts';

export type FrameId = number | string;

export interface RequestFrame {
  readonly kind: 'request';
  readonly id: FrameId;
  readonly method: string;
  readonly params: JsonRecord;
  /** All of it, as parsed: what is forwarded when it was judged. */
  readonly frame: JsonRecord;
}

export interface NotificationFrame {
  readonly kind: 'notification';
  readonly method: string;
  readonly params: JsonRecord;
}

export type ClientFrame =
  | RequestFrame
  | NotificationFrame
  | { readonly kind: 'response' }
  | {
      readonly kind: 'bad';
      /** Null: it has none that could be read. */
      readonly id: FrameId | null;
      /** Of JSON-RPC: -32700 no JSON, -32600 no request, -32602 wrong parameters. */
      readonly code: number;
      readonly why: string;
    };

export const PARSE_ERROR = -32_700;
export const INVALID_REQUEST = -32_600;
export const INVALID_PARAMS = -32_602;

const REQUEST_KEYS = ['jsonrpc', 'id', 'method', 'params'];
const RESPONSE_KEYS = ['jsonrpc', 'id', 'result', 'error'];
const ID_CHARS_MAX = 256;

/** Reads one frame; `text` is one line without its end, or one HTTP body. */
export function parseClientFrame(text: string): ClientFrame {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return bad(null, 'this is not JSON', PARSE_ERROR);
  }
  if (Array.isArray(value)) return bad(null, 'batches are not taken: send one message at a time');
  if (!isRecord(value)) return bad(null, 'a message is a JSON object');
  const id = idIn(value);
  if (value['jsonrpc'] !== '2.0') return bad(id, 'jsonrpc must be "2.0"');
  // A carriage return ends a line for some readers, which would see two frames.
  if (text.includes('\r')) return bad(id, 'a carriage return may not stand inside a message');
  const repeated = repeatedKey(text, value);
  if (repeated !== undefined) return bad(id, `the key ${JSON.stringify(repeated)} stands twice`);
  return 'method' in value ? parseCall(value, id) : parseResponse(value, id);
}

function parseCall(frame: JsonRecord, id: FrameId | null): ClientFrame {
  const unknown = unknownKey(frame, REQUEST_KEYS);
  if (unknown !== undefined) return bad(id, unknown);
  const { method } = frame;
  if (typeof method !== 'string' || method === '') return bad(id, 'method must be a text');
  const params = 'params' in frame ? frame['params'] : {};
  if (!isRecord(params)) return bad(id, 'params must be an object', INVALID_PARAMS);
  if (!('id' in frame)) return { kind: 'notification', method, params };
  if (id === null) return bad(null, ID_RULE);
  return { kind: 'request', id, method, params, frame };
}

function parseResponse(frame: JsonRecord, id: FrameId | null): ClientFrame {
  const unknown = unknownKey(frame, RESPONSE_KEYS);
  if (unknown !== undefined) return bad(id, unknown);
  if (id === null && frame['id'] !== null) return bad(null, ID_RULE);
  if ('result' in frame === 'error' in frame) return bad(id, 'a response has a result or an error');
  return { kind: 'response' };
}

const ID_RULE = `an id is a whole number within ±2^53 or a text of at most ${ID_CHARS_MAX} characters`;

/** The id of a frame; null when it has none that is allowed. */
export function idIn(frame: JsonRecord): FrameId | null {
  const id = frame['id'];
  if (typeof id === 'number') return Number.isSafeInteger(id) ? id : null;
  return typeof id === 'string' && id.length <= ID_CHARS_MAX ? id : null;
}

/** A key by which numbers and texts stay apart: 1 is not "1". */
export function idKey(id: FrameId): string {
  return typeof id === 'number' ? `n${id}` : `s${id}`;
}

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unknownKey(frame: JsonRecord, keys: readonly string[]): string | undefined {
  const key = Object.keys(frame).find((one) => !keys.includes(one));
  return key === undefined ? undefined : `${JSON.stringify(key)} is no key of a message`;
}

function bad(id: FrameId | null, why: string, code = INVALID_REQUEST): ClientFrame {
  return { kind: 'bad', id, code, why };
}

/**
 * A key of the outermost object that stands there twice, in whatever spelling. Readers differ in
 * which of the two counts, so a frame that is forwarded as it is must have none.
 */
function repeatedKey(text: string, parsed: JsonRecord): string | undefined {
  const keys = outermostKeys(text);
  if (keys.length === Object.keys(parsed).length) return undefined;
  return keys.find((key, index) => keys.indexOf(key) !== index);
}

/** The keys of the outermost object of a text that is known to be JSON, as often as they stand. */
function outermostKeys(text: string): readonly string[] {
  const keys: string[] = [];
  let depth = 0;
  let isKeyNext = false;
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (char === '"') {
      const end = stringEnd(text, at);
      if (isKeyNext) keys.push(String(JSON.parse(text.slice(at, end + 1))));
      isKeyNext = false;
      at = end;
    } else if (char === ',') isKeyNext = depth === 1;
    else depth += STEP_BY_BRACKET[char] ?? 0;
    if (char === '{' && depth === 1) isKeyNext = true;
  }
  return keys;
}

const STEP_BY_BRACKET: Readonly<Record<string, number>> = { '{': 1, '[': 1, '}': -1, ']': -1 };

/** Where the string that begins at `start` ends: the position of its closing quote. */
function stringEnd(text: string, start: number): number {
  let at = text.indexOf('"', start + 1);
  while (isEscaped(text, at)) at = text.indexOf('"', at + 1);
  return at;
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text[at - 1 - backslashes] === '\\') backslashes += 1;
  return backslashes % 2 === 1;
}
