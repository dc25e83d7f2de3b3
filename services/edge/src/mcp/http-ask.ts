/** A request of the proxy itself to a tool server over HTTP. */
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { JsonRecord } from '../domain/call.ts';
import { isRecord } from '../domain/mcp/frame.ts';
import { type RelayDeps, readAll, send } from './http-relay.ts';
import { SseSplitter } from './sse-splitter.ts';

const ANSWER_MAX_MS = 10_000;
const ID = 'estop-1';

export interface Asked {
  readonly method: string;
  readonly params: JsonRecord;
  readonly isNotification?: boolean;
}

export interface Told {
  /** Undefined when it was answered with an error, or not at all. */
  readonly result: JsonRecord | undefined;
  readonly status: number;
  /** The session that the answer begins. */
  readonly session: string | undefined;
}

/** `headers` name session and version; method and name are this request's own. */
export async function askOverHttp(
  { upstream, bytesMax }: Pick<RelayDeps, 'upstream' | 'bytesMax'>,
  headers: OutgoingHttpHeaders,
  { method, params, isNotification = false }: Asked,
): Promise<Told> {
  const { 'mcp-name': _, ...others } = headers;
  const own = 'mcp-method' in headers ? { 'mcp-method': method } : {};
  const id = isNotification ? {} : { id: ID };
  const incoming = await send(upstream, {
    method: 'POST',
    headers: { ...withoutParams(others), ...own },
    body: JSON.stringify({ jsonrpc: '2.0', ...id, method, params }),
    signal: AbortSignal.timeout(ANSWER_MAX_MS),
  });
  const { statusCode: status = 0 } = incoming;
  const session = incoming.headers['mcp-session-id'];
  return {
    result: await resultIn(incoming, bytesMax),
    status,
    session: typeof session === 'string' ? session : undefined,
  };
}

async function resultIn(
  incoming: IncomingMessage,
  bytesMax: number,
): Promise<JsonRecord | undefined> {
  const bytes = await readAll(incoming, bytesMax);
  if (bytes === undefined) throw new Error(`the answer has more than ${bytesMax} bytes`);
  const type = String(incoming.headers['content-type']);
  const texts = type.startsWith('text/event-stream') ? eventsOf(bytes) : [bytes.toString()];
  for (const text of texts) {
    const frame = parsed(text);
    if (frame?.['id'] === ID && isRecord(frame['result'])) return frame['result'];
  }
  return undefined;
}

function parsed(text: string): JsonRecord | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function withoutParams(headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  const kept = Object.entries(headers).filter(([name]) => !name.startsWith('mcp-param-'));
  return Object.fromEntries(kept);
}

function eventsOf(bytes: Buffer): readonly string[] {
  const texts: string[] = [];
  const splitter = new SseSplitter(bytes.length + 2, ({ data }) => texts.push(data));
  splitter.push(bytes);
  splitter.push(Buffer.from('\n\n'));
  return texts;
}
