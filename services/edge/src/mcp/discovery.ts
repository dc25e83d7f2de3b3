/** What a tool server offers, asked in either era. */
import type { OutgoingHttpHeaders } from 'node:http';
import type { JsonRecord } from '../domain/call.ts';
import { VERSION_KEY } from '../domain/mcp/era.ts';
import { isRecord } from '../domain/mcp/frame.ts';
import { askOverHttp } from './http-ask.ts';
import type { Upstream } from './http-relay.ts';
import { LineSplitter, textOf } from './line-splitter.ts';
import { FRAME_BYTES_MAX } from './stdio-proxy.ts';
import type { ToolProcess } from './tool-process.ts';

const LEGACY = '2025-11-25';
const MODERN = '2026-07-28';
const CLIENT = { name: 'estop', version: '0.1.0' };
const PREFIX = 'io.modelcontextprotocol/';
const ANSWER_MAX_MS = 60_000;
const PAGES_MAX = 100;

export interface Discovery {
  readonly tools: readonly JsonRecord[];
  readonly hasResources: boolean;
  readonly hasPrompts: boolean;
}

/** One way to a tool server. Asking rejects when it answers with an error, or not in time. */
interface Peer {
  ask(method: string, params: JsonRecord): Promise<JsonRecord>;
  notify(method: string): Promise<void>;
}

export function discoverProcess(tool: ToolProcess): Promise<Discovery> {
  return discover(processPeer(tool));
}

export function discoverUpstream(upstream: Upstream): Promise<Discovery> {
  return discover(httpPeer(upstream));
}

async function discover(peer: Peer): Promise<Discovery> {
  const { capabilities, envelope } = await greet(peer);
  const tools: JsonRecord[] = [];
  let cursor: unknown;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const next = cursor === undefined ? {} : { cursor };
    const result = await peer.ask('tools/list', { ...envelope, ...next });
    if (Array.isArray(result['tools'])) tools.push(...result['tools'].filter(isRecord));
    cursor = result['nextCursor'];
    if (typeof cursor !== 'string') break;
  }
  const { resources, prompts } = capabilities;
  return { tools, hasResources: isRecord(resources), hasPrompts: isRecord(prompts) };
}

/** A server that does not know the greeting of 2025 is asked in the way of 2026. */
async function greet(
  peer: Peer,
): Promise<{ readonly capabilities: JsonRecord; readonly envelope: JsonRecord }> {
  const hello = { protocolVersion: LEGACY, capabilities: {}, clientInfo: CLIENT };
  try {
    const { capabilities } = await peer.ask('initialize', hello);
    await peer.notify('notifications/initialized');
    return { capabilities: isRecord(capabilities) ? capabilities : {}, envelope: {} };
  } catch (error) {
    if (!(error instanceof AnsweredError)) throw error;
  }
  const _meta = {
    [VERSION_KEY]: MODERN,
    [`${PREFIX}clientInfo`]: CLIENT,
    [`${PREFIX}clientCapabilities`]: {},
  };
  const { capabilities } = await peer.ask('server/discover', { _meta });
  return { capabilities: isRecord(capabilities) ? capabilities : {}, envelope: { _meta } };
}

/** The server has answered, and not with a result. */
class AnsweredError extends Error {
  override readonly name = 'AnsweredError';
}

function processPeer(tool: ToolProcess): Peer {
  const waiting = new Map<unknown, (frame: JsonRecord) => void>();
  const splitter = new LineSplitter(FRAME_BYTES_MAX, {
    line: (bytes) => {
      const frame = parsed(textOf(bytes));
      if (frame !== undefined && !('method' in frame)) waiting.get(frame['id'])?.(frame);
    },
    oversize: () => tool.kill(),
  });
  tool.output.on('data', (chunk: Buffer) => splitter.push(chunk));
  let ids = 0;
  const send = (frame: JsonRecord) => tool.input.write(`${JSON.stringify(frame)}\n`);
  return {
    notify: async (method) => void send({ jsonrpc: '2.0', method }),
    ask: (method, params) =>
      new Promise((resolve, reject) => {
        ids += 1;
        const id = ids;
        const late = setTimeout(() => reject(new Error(`no answer to ${method}`)), ANSWER_MAX_MS);
        void tool.ended.then((code) => reject(new Error(`the tool server ended with ${code}`)));
        waiting.set(id, ({ result, error }) => {
          clearTimeout(late);
          waiting.delete(id);
          if (isRecord(result)) resolve(result);
          else reject(new AnsweredError(`${method}: ${JSON.stringify(error)}`));
        });
        send({ jsonrpc: '2.0', id, method, params });
      }),
  };
}

function httpPeer(upstream: Upstream): Peer {
  let session: OutgoingHttpHeaders = {};
  const headersOf = (method: string, params: JsonRecord): OutgoingHttpHeaders => ({
    ...session,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'accept-encoding': 'identity',
    ...('_meta' in params ? { 'mcp-method': method, 'mcp-protocol-version': MODERN } : {}),
  });
  return {
    notify: async (method) => {
      await askOverHttp({ upstream, bytesMax: FRAME_BYTES_MAX }, headersOf(method, {}), {
        method,
        params: {},
        isNotification: true,
      });
    },
    async ask(method, params) {
      const headers = headersOf(method, params);
      const asked = { method, params };
      const answer = await askOverHttp({ upstream, bytesMax: FRAME_BYTES_MAX }, headers, asked);
      if (method === 'initialize') {
        session = { 'mcp-protocol-version': LEGACY };
        if (answer.session !== undefined) session['mcp-session-id'] = answer.session;
      }
      if (answer.result !== undefined) return answer.result;
      throw new AnsweredError(`${method}: no result (HTTP status ${answer.status})`);
    },
  };
}

function parsed(text: string | undefined): JsonRecord | undefined {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
