/** A stream of server-sent events as its events, each with the bytes that it came in. */

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

export interface SseEvent {
  readonly bytes: Buffer;
  /** Its `data` lines, joined; empty for comments and the like. */
  readonly data: string;
}

export class SseSplitter {
  readonly #bytesMax: number;
  readonly #onEvent: (event: SseEvent) => void;
  #parts: Buffer[] = [];
  #size = 0;
  #isLineEmpty = true;
  #isAfterReturn = false;

  constructor(bytesMax: number, onEvent: (event: SseEvent) => void) {
    this.#bytesMax = bytesMax;
    this.#onEvent = onEvent;
  }

  /** Answers false when an event is larger than allowed: the stream cannot go on. */
  push(chunk: Buffer): boolean {
    let start = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const isTail = this.#isAfterReturn && this.#size === 0 && at === start;
      const isEnd = this.#endsEvent(chunk[at]);
      if (!isEnd && !(isTail && chunk[at] === LINE_FEED)) continue;
      if (chunk[at] === CARRIAGE_RETURN && chunk[at + 1] === LINE_FEED) {
        at += 1;
        this.#isAfterReturn = false;
      }
      this.#keep(chunk.subarray(start, at + 1));
      this.#cut();
      start = at + 1;
    }
    this.#keep(chunk.subarray(start));
    return this.#size <= this.#bytesMax;
  }

  /** An empty line ends an event; lines end at `\r\n`, `\n` or `\r`. */
  #endsEvent(byte: number | undefined): boolean {
    const isLineEnd = byte === LINE_FEED || byte === CARRIAGE_RETURN;
    const isSecondHalf = byte === LINE_FEED && this.#isAfterReturn;
    this.#isAfterReturn = byte === CARRIAGE_RETURN;
    if (isSecondHalf) return false;
    const isEnd = isLineEnd && this.#isLineEmpty;
    this.#isLineEmpty = isLineEnd;
    return isEnd;
  }

  #keep(part: Buffer): void {
    if (part.length === 0) return;
    this.#parts.push(part);
    this.#size += part.length;
  }

  #cut(): void {
    const bytes = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#size = 0;
    this.#onEvent({ bytes, data: dataOf(bytes.toString()) });
  }
}

function dataOf(text: string): string {
  const lines = text.split(/\r\n|\r|\n/).filter((line) => /^data(:|$)/.test(line));
  return lines.map((line) => line.slice('data:'.length).replace(/^ /, '')).join('\n');
}

/** The event with other data. */
export function withData({ bytes }: SseEvent, data: string): Buffer {
  const others = bytes
    .toString()
    .split(/\r\n|\r|\n/)
    .filter((line) => line !== '' && !/^data(:|$)/.test(line));
  return Buffer.from(`${[...others, `data: ${data}`].join('\n')}\n\n`);
}
