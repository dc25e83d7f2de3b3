/** Server-sent events from the pieces of a stream (WHATWG HTML, 9.2): `event` and `data` only. */

/** One event of the control stream may list all halts. */
const EVENT_CHARS_MAX = 16 * 1024 * 1024;

export interface StreamEvent {
  readonly event: string;
  readonly data: string;
}

export class EventLines {
  #rest = '';

  /** The events that a piece completes. Throws RangeError for one without end. */
  push(piece: string): readonly StreamEvent[] {
    const blocks = (this.#rest + piece).split('\n\n');
    this.#rest = blocks.pop() ?? '';
    if (this.#rest.length > EVENT_CHARS_MAX) throw new RangeError('an event has no end');
    return blocks.map(readBlock);
  }
}

function readBlock(block: string): StreamEvent {
  let event = 'message';
  const data: string[] = [];
  for (const line of block.split('\n')) {
    if (line.startsWith('event: ')) event = line.slice('event: '.length);
    else if (line.startsWith('data: ')) data.push(line.slice('data: '.length));
  }
  return { event, data: data.join('\n') };
}
