/** HTTP headers at the MCP door: which ones pass, and whether they say what the body says. */
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import type { Call } from '../domain/call.ts';
import { versionOf } from '../domain/mcp/era.ts';
import type { NotificationFrame, RequestFrame } from '../domain/mcp/frame.ts';
import { type ParamHeader, paramFlaw } from '../domain/mcp/param-headers.ts';

const TO_SERVER = [
  'accept',
  'content-type',
  'mcp-session-id',
  'mcp-protocol-version',
  'last-event-id',
  'traceparent',
  'tracestate',
  'baggage',
  'user-agent',
];
const TO_CLIENT = ['content-type', 'mcp-session-id', 'mcp-protocol-version', 'retry-after'];
const PARAM_PREFIX = 'mcp-param-';
/** Where to find what `Mcp-Name` repeats. */
const NAME_KEY_BY_METHOD: Readonly<Record<string, string>> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
  'tasks/get': 'taskId',
  'tasks/update': 'taskId',
  'tasks/cancel': 'taskId',
};
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];
const ENCODED = /^=\?base64\?(.*)\?=$/;
const UTF8 = new TextDecoder('utf-8', { fatal: true });
/** What a header carries as it is. */
const PLAIN = /^[\x20-\x7e]*$/;

/**
 * What the client says to us, its Authorization and cookies above all, is not for the server. Nor is
 * the name of a request where none is in the body (`isNamed` false): a router could go by it.
 */
export function headersToServer(
  headers: IncomingHttpHeaders,
  { isNamed }: { readonly isNamed: boolean },
): OutgoingHttpHeaders {
  const passed = Object.entries(headers).filter(
    ([name]) => TO_SERVER.includes(name) || (isNamed && isNaming(name)),
  );
  // What is compressed could not be read on its way back.
  return { ...Object.fromEntries(passed), 'accept-encoding': 'identity' };
}

function isNaming(name: string): boolean {
  return name === 'mcp-method' || name === 'mcp-name' || name.startsWith(PARAM_PREFIX);
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
  const version = versionOf(params);
  if (version !== undefined && headers['mcp-protocol-version'] !== version) {
    return 'the header mcp-protocol-version is not the version in the body';
  }
  const [param] = Object.keys(headers).filter((name) => name.startsWith(PARAM_PREFIX));
  const isCall = kind === 'request' && method === 'tools/call';
  if (param !== undefined && !isCall) return `the header ${param} is for calls of tools`;
  return nameMismatch(headers, frame);
}

function nameMismatch(
  headers: IncomingHttpHeaders,
  frame: RequestFrame | NotificationFrame,
): string | undefined {
  const { method, params, kind } = frame;
  const isRequired = kind === 'request' && versionOf(params) !== undefined;
  const wanted = { 'mcp-method': method, 'mcp-name': namedBy(frame) };
  for (const [name, value] of Object.entries(wanted)) {
    const given = headers[name];
    if (given === undefined && (value === undefined || !isRequired)) continue;
    const said = name === 'mcp-method' ? given : decoded(given);
    if (value !== undefined && said === value) continue;
    return `the header ${name} says ${JSON.stringify(given ?? null)}, the body ${JSON.stringify(value ?? null)}`;
  }
  return undefined;
}

/** The same of the headers that repeat arguments, for a call of a tool that declares some. */
export function paramMismatch(
  headers: IncomingHttpHeaders,
  { request, call }: { readonly request: RequestFrame; readonly call: Call },
  declared: readonly ParamHeader[],
): string | undefined {
  const named = Object.entries(headers).filter(([name]) => name.startsWith(PARAM_PREFIX));
  const given = new Map(
    named.map(([name, value]) => [name.slice(PARAM_PREFIX.length), decoded(value)]),
  );
  const isRequired = versionOf(request.params) !== undefined;
  return paramFlaw(declared, call.arguments, { given, isRequired });
}

/** What the request is aimed at, for the methods whose header names it. */
function namedBy({ method, params }: RequestFrame | NotificationFrame): string | undefined {
  const key = Object.hasOwn(NAME_KEY_BY_METHOD, method) ? NAME_KEY_BY_METHOD[method] : undefined;
  const value = key === undefined ? undefined : params[key];
  return typeof value === 'string' ? value : undefined;
}

/** Values that do not fit into a header come as `=?base64?…?=`, in one way and no other. */
function decoded(value: string | string[] | undefined): string | undefined {
  if (typeof value !== 'string' || !PLAIN.test(value)) return undefined;
  const [, encoded] = ENCODED.exec(value) ?? [];
  if (encoded === undefined) return value;
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.toString('base64') !== encoded) return undefined;
  try {
    return UTF8.decode(bytes);
  } catch {
    return undefined;
  }
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
