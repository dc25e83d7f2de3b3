/** A fetch that loads in a few milliseconds: Node's own takes longer than a whole question. */
import { type Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import type { Fetch } from '@estop/sdk/transport';

/** Largest answer that is read, bytes. */
const ANSWER_BYTES_MAX = 8 * 1024 * 1024;

/** How a request is sent, and over which connections. */
export interface Way {
  readonly request: typeof httpRequest;
  /** False: the connection ends with its answer. */
  readonly agent: Agent | false;
}

/** One connection for each request. */
export const httpFetch: Fetch = fetchOver(async (isSecure) => {
  const request = isSecure ? (await import('node:https')).request : httpRequest;
  return { request, agent: false };
});

export function fetchOver(wayOf: (isSecure: boolean) => Way | Promise<Way>): Fetch {
  return async (url, { method, headers, body, signal }) => {
    const { request, agent } = await wayOf(url.startsWith('https:'));
    const { response, text } = await new Promise<Answered>((resolve, reject) => {
      const length = body === undefined ? {} : { 'content-length': `${Buffer.byteLength(body)}` };
      const options = { method, headers: { ...headers, ...length }, signal, agent };
      const asking = request(url, options, (answer) => {
        readText(answer).then((whole) => resolve({ response: answer, text: whole }), reject);
      });
      asking.on('error', reject);
      asking.end(body);
    });
    const status = response.statusCode ?? 0;
    // A redirect is followed by nobody: it is no answer.
    if (status >= 300 && status < 400) throw new Error(`redirected, status ${status}`);
    return {
      ok: status >= 200 && status < 300,
      status,
      headers: { get: (name) => headerOf(response, name) },
      text: async () => text,
    };
  };
}

interface Answered {
  readonly response: IncomingMessage;
  readonly text: string;
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) throw new Error('the answer is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function headerOf(response: IncomingMessage, name: string): string | null {
  const value = response.headers[name.toLowerCase()];
  return typeof value === 'string' ? value : null;
}
