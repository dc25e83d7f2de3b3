/** Lines that become known in any order and leave in the order in which they were begun. */
import type { ServerResponse } from 'node:http';

export class OrderedLines {
  readonly #response: ServerResponse;
  readonly #max: number;
  /** The text of each line not written yet; null: not known yet. The first may be written next. */
  readonly #lines: { text: string | null }[] = [];
  #onProgress: (() => void) | null = null;
  #isFlushing = false;

  /** `max`: how many lines may be begun and not written. */
  constructor(response: ServerResponse, max: number) {
    this.#response = response;
    this.#max = max;
    response.on('drain', () => this.#flush());
    response.on('close', () => this.#onProgress?.());
  }

  get isFull(): boolean {
    return this.#lines.length >= this.#max;
  }

  /** Begins a line; the returned function says what it is, once. */
  next(): (text: string) => void {
    const line: { text: string | null } = { text: null };
    this.#lines.push(line);
    return (text) => {
      line.text = text;
      if (this.#lines[0] === line) this.#flushSoon();
    };
  }

  /** Resolves when another line may be begun, or the connection is gone. */
  async room(): Promise<void> {
    while (this.isFull && !this.#response.destroyed) await this.#progress();
  }

  /** Resolves when all lines were written, or the connection is gone. */
  async finished(): Promise<void> {
    while (this.#lines.length > 0 && !this.#response.destroyed) await this.#progress();
  }

  #progress(): Promise<void> {
    return new Promise((resolve) => {
      this.#onProgress = resolve;
    });
  }

  /** Answers come many at a time: they leave in one write. */
  #flushSoon(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    queueMicrotask(() => {
      this.#isFlushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    let ready = 0;
    let text = '';
    for (const line of this.#lines) {
      if (line.text === null) break;
      text += `${line.text}\n`;
      ready += 1;
    }
    if (ready === 0 || this.#response.writableNeedDrain) return;
    this.#lines.splice(0, ready);
    this.#response.write(text);
    this.#onProgress?.();
  }
}
