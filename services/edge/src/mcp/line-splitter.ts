/** A byte stream as lines, each with its end, so that they can be passed on byte for byte. */
import { isUtf8 } from 'node:buffer';
import type { Ends } from '../domain/mcp/oversize-id.ts';

const LINE_END = 0x0a;
const CARRIAGE_RETURN = 0x0d;
/** Kept of a line that is too long: enough to find the id of a frame in. */
const ENDS_BYTES = 1_024;

interface LineReader {
  line(bytes: Buffer): void;
  /** A line was longer than allowed; this is all that was kept of it. */
  oversize(ends: Ends): void;
}

export class LineSplitter {
  readonly #bytesMax: number;
  readonly #reader: LineReader;
  #parts: Buffer[] = [];
  #size = 0;
  /** Set while a line goes on that is too long already. */
  #ends: { readonly head: Buffer; tail: Buffer } | undefined;

  constructor(bytesMax: number, reader: LineReader) {
    this.#bytesMax = bytesMax;
    this.#reader = reader;
  }

  push(chunk: Buffer): void {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(LINE_END, start);
      if (end < 0) break;
      this.#keep(chunk.subarray(start, end + 1));
      this.#finish();
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
  }

  /** The stream has ended: what is left is a line without an end. */
  end(): void {
    if (this.#size > 0) this.#finish();
  }

  #keep(part: Buffer): void {
    this.#size += part.length;
    if (this.#ends !== undefined) {
      this.#ends.tail = lastOf(Buffer.concat([this.#ends.tail, part]));
      return;
    }
    this.#parts.push(part);
    if (this.#size <= this.#bytesMax) return;
    const whole = Buffer.concat(this.#parts);
    this.#ends = { head: Buffer.from(whole.subarray(0, ENDS_BYTES)), tail: lastOf(whole) };
    this.#parts = [];
  }

  #finish(): void {
    const parts = this.#parts;
    const ends = this.#ends;
    this.#parts = [];
    this.#size = 0;
    this.#ends = undefined;
    if (ends !== undefined) {
      const { head, tail } = ends;
      return this.#reader.oversize({ head: head.toString(), tail: tail.toString() });
    }
    const [only] = parts;
    this.#reader.line(parts.length === 1 && only !== undefined ? only : Buffer.concat(parts));
  }
}

/** A copy of the last bytes: a view would hold on to all of them. */
function lastOf(bytes: Buffer): Buffer {
  return Buffer.from(bytes.subarray(-ENDS_BYTES));
}

/** A line's text without its end; undefined when it is no UTF-8. */
export function textOf(line: Buffer): string | undefined {
  if (!isUtf8(line)) return undefined;
  let end = line.length;
  if (line[end - 1] === LINE_END) end -= 1;
  if (line[end - 1] === CARRIAGE_RETURN) end -= 1;
  return line.toString('utf8', 0, end);
}
