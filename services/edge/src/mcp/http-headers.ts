/** HTTP headers at the MCP door: which ones pass, and whether they say what the body says. */
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { versionOf } from '../domain/mcp/era.ts';
import type { NotificationFrame, RequestFrame } from '../domain/mcp/frame.ts';

/** Headers do not agree with the body (MCP 2026-07-28). */
export const HEADER_MISMATCH = -32_020;

const TO_SERVER = [
  'accept',
  'content-type',
  'mcp-session-id',
  'mcp-protocol-version',
  'mcp-method',
  'mcp-name',
  'last-event-id',
  'traceparent',
  'tracestate',
  'baggage',
  'user-agent',
];
const TO_CLIENT = ['content-type', 'mcp-session-id', 'mcp-protocol-version', 'retry-after'];
const PARAM_PREFIX = 'mcp-param-';
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];
const ENCODED = /^=\?base64\?([A-Za-z0-9+/]*={0,2})\?=$/;

/** What the client says to us, its Authorization and cookies above all, is not for the server. */
export function headersToServer(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const passed = Object.entries(headers).filter(
    ([name]) => TO_SERVER.includes(name) || name.startsWith(PARAM_PREFIX),
  );
  // What is compressed could not be read on its way back.
  return { ...Object.fromEntries(passed), 'accept-encoding': 'identity' };
}

export function headersToClient(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const passed = Object.entries(headers).filter(([name]) => TO_CLIENT.includes(name));
  return { ...Object.fromEntries(passed), 'cache-control': 'no-store' };
}

/** Why the headers may not be believed; undefined when they agree with the body. */
export function headerMismatch(
  headers: IncomingHttpHeaders,
  frame: RequestFrame | NotificationFrame,
): string | undefined {
  const { method, params, kind } = frame;
  const isRequired = kind === 'request' && versionOf(params) !== undefined;
  const wanted = { 'mcp-method': method, 'mcp-name': namedBy(frame) };
  for (const [name, value] of Object.entries(wanted)) {
    const given = headers[name];
    if (given === undefined && (value === undefined || !isRequired)) continue;
    if (value !== undefined && decoded(given) === value) continue;
    return `the header ${name} says ${JSON.stringify(given ?? null)}, the body ${JSON.stringify(value ?? null)}`;
  }
  const version = versionOf(params);
  const isSame = version === undefined || headers['mcp-protocol-version'] === version;
  return isSame ? undefined : 'the header mcp-protocol-version is not the version in the body';
}

/** What the request is aimed at, for the methods whose header names it. */
function namedBy({ method, params }: RequestFrame | NotificationFrame): string | undefined {
  const value = method === 'resources/read' ? params['uri'] : params['name'];
  const isNamed = ['tools/call', 'prompts/get', 'resources/read'].includes(method);
  return isNamed && typeof value === 'string' ? value : undefined;
}

/** Values that do not fit into a header come as `=?base64?…?=`. */
function decoded(value: string | string[] | undefined): string | undefined {
  if (typeof value !== 'string') return undefined;
  const [, encoded] = ENCODED.exec(value) ?? [];
  return encoded === undefined ? value : Buffer.from(encoded, 'base64').toString();
}

export interface DoorRules {
  /** Whether only this machine reaches the door. */
  readonly isLocal: boolean;
  /** Origins of pages that may use it, beside those of this machine. */
  readonly origins: readonly string[];
}

/** Whether a page elsewhere is behind the request: by its origin, or by a name that points here. */
export function isForeign({ origin, host = '' }: IncomingHttpHeaders, rules: DoorRules): boolean {
  if (rules.isLocal && !LOOPBACK.includes(hostnameOf(`http://${host}`))) return true;
  if (origin === undefined || rules.origins.includes(origin)) return false;
  return !LOOPBACK.includes(hostnameOf(origin));
}

export function isLoopback(host: string): boolean {
  return LOOPBACK.includes(host) || host === '::1';
}

function hostnameOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : '';
}
