/** Lines of a stream, one at a time and of bounded length. */
import { StringDecoder } from 'node:string_decoder';
import { type JsonLine, LINE_CHARS_MAX, readJsonLine } from './domain/json-lines.ts';

/** The JSON lines of a stream; empty ones are skipped, wrong ones say so. */
export async function* readJsonLines(input: AsyncIterable<unknown>): AsyncGenerator<JsonLine> {
  let line = 0;
  for await (const text of readLines(input)) {
    line += 1;
    const read = readJsonLine(text, line);
    if (read !== undefined) yield read;
  }
}

/** Lines longer than the bound come out cut, still longer than LINE_CHARS_MAX. */
async function* readLines(input: AsyncIterable<unknown>): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let pending = '';
  for await (const chunk of input) {
    const text = chunk instanceof Uint8Array ? decoder.write(Buffer.from(chunk)) : String(chunk);
    const lines = text.split('\n');
    for (const [index, part] of lines.entries()) {
      if (pending.length <= LINE_CHARS_MAX) pending += part;
      if (index === lines.length - 1) break;
      yield pending;
      pending = '';
    }
  }
  if (pending !== '') yield pending;
}
