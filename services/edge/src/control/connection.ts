/**
 * HTTP of the control plane, on connections that do not keep a process alive: an agent's program
 * ends when its work is done, whether or not it hears of halts.
 */
import { type IncomingMessage, request as plain, type RequestOptions } from 'node:http';
import { request as secure } from 'node:https';

const ANSWER_BYTES_MAX = 64 * 1024;

export interface ControlTarget {
  readonly url: string;
  readonly key: string;
}

/** Calls back with the head of the answer; the error callback is called at most once, maybe after it. */
export function openStream(
  { url, key }: ControlTarget,
  path: string,
  on: {
    readonly open: (response: IncomingMessage) => void;
    readonly failed: (error: Error) => void;
  },
): () => void {
  const headers = { authorization: `Bearer ${key}`, accept: 'text/event-stream' };
  // A socket of its own: nothing waits behind a stream that does not end.
  const asking = requestOf(url)(`${url}${path}`, { headers, agent: false }, (response) => {
    on.open(response);
  });
  asking.on('socket', (socket) => socket.unref());
  asking.on('error', on.failed);
  asking.end();
  return () => asking.destroy();
}

/** Posts JSON and answers JSON; rejects for every status but 2xx, and after a time. */
export function postJson(
  { url, key }: ControlTarget,
  path: string,
  post: {
    readonly body: unknown;
    readonly timeoutMs: number;
    readonly agent: RequestOptions['agent'];
  },
): Promise<unknown> {
  const { body, timeoutMs, agent } = post;
  const text = JSON.stringify(body);
  const headers = {
    authorization: `Bearer ${key}`,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  };
  const signal = AbortSignal.timeout(timeoutMs);
  return new Promise((resolve, reject) => {
    const options = { method: 'POST', headers, agent, signal };
    const asking = requestOf(url)(`${url}${path}`, options, (response) => {
      readAll(response).then((answer) => {
        if (response.statusCode === 200) resolve(JSON.parse(answer));
        else reject(new Error(`status ${response.statusCode}: ${answer.slice(0, 200)}`));
      }, reject);
    });
    asking.on('socket', (socket) => socket.unref());
    asking.on('error', reject);
    asking.end(text);
  });
}

async function readAll(response: IncomingMessage): Promise<string> {
  response.setEncoding('utf8');
  let text = '';
  for await (const piece of response) {
    text += piece;
    if (text.length > ANSWER_BYTES_MAX) throw new Error('the answer is too large');
  }
  return text;
}

function requestOf(url: string): typeof plain {
  return url.startsWith('https:') ? secure : plain;
}
