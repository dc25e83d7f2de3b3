/** The lines of a stream of bytes. */

const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** Each line without its end; null in place of one that is longer than `bytesMax`. */
export async function* splitLines(
  stream: AsyncIterable<Buffer>,
  bytesMax: number,
): AsyncGenerator<Uint8Array | null> {
  const line = new Line(bytesMax);
  for await (const chunk of stream) {
    let from = 0;
    for (let to = chunk.indexOf(NEWLINE); to >= 0; to = chunk.indexOf(NEWLINE, from)) {
      line.add(chunk.subarray(from, to));
      yield line.end();
      from = to + 1;
    }
    line.add(chunk.subarray(from));
  }
  if (!line.isEmpty) yield line.end();
}

/** A line as it comes in parts. Of one that is too long nothing is kept. */
class Line {
  readonly #bytesMax: number;
  #parts: Buffer[] = [];
  #size = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  add(part: Buffer): void {
    this.#size += part.length;
    if (this.#size > this.#bytesMax) this.#parts = [];
    else if (part.length > 0) this.#parts.push(part);
  }

  /** The line, without a carriage return at its end; the next one begins. */
  end(): Uint8Array | null {
    const [first] = this.#parts;
    const isSingle = first !== undefined && this.#parts.length === 1;
    const bytes = isSingle ? first : Buffer.concat(this.#parts);
    const isTooLong = this.#size > this.#bytesMax;
    this.#parts = [];
    this.#size = 0;
    if (isTooLong) return null;
    return bytes.at(-1) === RETURN ? bytes.subarray(0, -1) : bytes;
  }
}
