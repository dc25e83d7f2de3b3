/** HTTP/1.1 by hand, over a socket: what no client library would send, and how it is answered. */
import { connect, type Socket } from 'node:net';
import { assert } from 'vitest';
import type { Answer } from './contract.ts';

const HEAD_END = '\r\n\r\n';
/** Nobody waits for longer, however busy the machine is. */
const ANSWER_MS_MAX = 20_000;

export class RawConnection {
  readonly #socket: Socket;
  #bytes: Buffer = Buffer.alloc(0);
  #isEnded = false;
  #onProgress: (() => void) | null = null;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => {
      this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
      this.#onProgress?.();
    });
    const end = (): void => {
      this.#isEnded = true;
      this.#onProgress?.();
    };
    socket.on('end', end);
    socket.on('close', end);
    // A reset is an end like any other.
    socket.on('error', end);
  }

  static open(url: string): Promise<RawConnection> {
    const { hostname, port } = new URL(url);
    return new Promise((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
      socket.setNoDelay(true);
      socket.once('connect', () => resolve(new RawConnection(socket)));
      socket.once('error', reject);
    });
  }

  /** Whether the other side has closed, and nothing of what it said is left. */
  get isOver(): boolean {
    return this.#isEnded && this.#bytes.length === 0;
  }

  write(bytes: Uint8Array | string): void {
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  /** Says that nothing more will come; what comes back is still read. */
  end(): void {
    this.#socket.end();
  }

  close(): void {
    this.#socket.destroy();
  }

  /** The next answer; null when the connection ended before a whole one. */
  async answer(method: string): Promise<Answer | null> {
    const head = await this.#until(() => this.#headEnd());
    if (head === null) return null;
    const [first = '', ...lines] = this.#take(head).toString('latin1').trimEnd().split('\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1]);
    assert(status >= 100, `no status line: ${first}`);
    const headers = Object.fromEntries(lines.map(headerOf));
    if (status < 200) return this.answer(method);
    if (method === 'HEAD' || status === 204 || status === 304) return { status, headers, body: '' };
    const body = await this.#body(headers);
    return body === null ? null : { status, headers, body };
  }

  /** The head of an answer whose body has no end. */
  async head(): Promise<{ readonly status: number; readonly text: string } | null> {
    const end = await this.#until(() => this.#headEnd());
    if (end === null) return null;
    const text = this.#bytes.subarray(0, end).toString('latin1');
    return { status: Number(text.slice(9, 12)), text };
  }

  /** Everything until a text stands in it that matches; null when it ended before. */
  async untilText(pattern: RegExp): Promise<string | null> {
    return this.#until(() => {
      const text = this.#bytes.toString('utf8');
      return pattern.test(text) ? text : null;
    });
  }

  /** Everything until the other side closes. */
  async untilClosed(): Promise<string> {
    await this.#until(() => (this.#isEnded ? true : null));
    return this.#take(this.#bytes.length).toString('latin1');
  }

  #headEnd(): number | null {
    const at = this.#bytes.indexOf(HEAD_END);
    return at < 0 ? null : at + HEAD_END.length;
  }

  async #body(headers: Answer['headers']): Promise<string | null> {
    const length = headers['content-length'];
    if (length !== undefined) return this.#exactly(Number(length));
    if (headers['transfer-encoding'] !== 'chunked') return this.untilClosed();
    const chunks: string[] = [];
    while (true) {
      const line = await this.#until(() => {
        const at = this.#bytes.indexOf('\r\n');
        return at < 0 ? null : at + 2;
      });
      if (line === null) return null;
      const size = Number.parseInt(this.#take(line).toString('latin1'), 16);
      const chunk = await this.#exactly(size + 2);
      if (chunk === null) return null;
      if (size === 0) return chunks.join('');
      chunks.push(chunk.slice(0, -2));
    }
  }

  async #exactly(length: number): Promise<string | null> {
    const isThere = await this.#until(() => (this.#bytes.length >= length ? true : null));
    return isThere === null ? null : this.#take(length).toString('utf8');
  }

  #take(length: number): Buffer {
    const taken = this.#bytes.subarray(0, length);
    this.#bytes = this.#bytes.subarray(length);
    return taken;
  }

  /** Asks again whenever something came; null when the end came first. */
  async #until<Found>(look: () => Found | null): Promise<Found | null> {
    const deadline = Date.now() + ANSWER_MS_MAX;
    while (true) {
      const found = look();
      if (found !== null || this.#isEnded) return found;
      await this.#progress(deadline - Date.now());
    }
  }

  #progress(ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const shown = this.#bytes.subarray(0, 500).toString('latin1');
      const hung = (): void => reject(new Error(`no answer within ${ANSWER_MS_MAX} ms: ${shown}`));
      const timer = setTimeout(hung, ms);
      this.#onProgress = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function headerOf(line: string): readonly [string, string] {
  const cut = line.indexOf(':');
  return [line.slice(0, cut).toLowerCase(), line.slice(cut + 1).trim()];
}
