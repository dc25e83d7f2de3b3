/** A request of the proxy itself to a tool server over HTTP. */
import type { OutgoingHttpHeaders } from 'node:http';
import type { JsonRecord } from '../domain/call.ts';
import { isRecord } from '../domain/mcp/frame.ts';
import { type RelayDeps, readAll, send } from './http-relay.ts';
import { SseSplitter } from './sse-splitter.ts';

const ANSWER_MAX_MS = 10_000;
const ID = 'estop-1';

/** The result. `headers` name session and version; method and name are this request's own. */
export async function askOverHttp(
  { upstream, bytesMax }: Pick<RelayDeps, 'upstream' | 'bytesMax'>,
  headers: OutgoingHttpHeaders,
  asked: { readonly method: string; readonly params: JsonRecord },
): Promise<JsonRecord> {
  const { 'mcp-name': _, 'mcp-method': method, ...others } = headers;
  const own = method === undefined ? {} : { 'mcp-method': asked.method };
  const incoming = await send(upstream, {
    method: 'POST',
    headers: { ...withoutParams(others), ...own },
    body: JSON.stringify({ jsonrpc: '2.0', id: ID, ...asked }),
    signal: AbortSignal.timeout(ANSWER_MAX_MS),
  });
  const bytes = await readAll(incoming, bytesMax);
  if (bytes === undefined) throw new Error(`the answer has more than ${bytesMax} bytes`);
  const isStream = String(incoming.headers['content-type']).startsWith('text/event-stream');
  const frames = isStream ? eventsOf(bytes) : [bytes.toString()];
  for (const text of frames.filter((one) => one !== '')) {
    const frame: unknown = JSON.parse(text);
    if (!isRecord(frame) || frame['id'] !== ID || !isRecord(frame['result'])) continue;
    return frame['result'];
  }
  throw new Error(`no result (HTTP status ${incoming.statusCode})`);
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
