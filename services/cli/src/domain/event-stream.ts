/**
 * Server-sent events, read as they come.
 * Format: https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export interface ServerSentEvent {
  readonly id: string | null;
  readonly event: string;
  readonly data: string;
}

/** Longest event that is kept, characters; a longer one is dropped. */
export const EVENT_CHARS_MAX = 2 * 1024 * 1024;

export interface EventStreamParser {
  /** Takes the next piece of text; answers the events that are complete now. */
  push(text: string): readonly ServerSentEvent[];
}

export function createEventStreamParser(): EventStreamParser {
  let pending = '';
  let id: string | null = null;
  let event = 'message';
  let data: string[] = [];
  let chars = 0;

  function push(text: string): readonly ServerSentEvent[] {
    const events: ServerSentEvent[] = [];
    const lines = (pending + text).split(/\r\n|\n|\r(?!$)/);
    pending = (lines.pop() ?? '').slice(0, EVENT_CHARS_MAX);
    for (const line of lines) {
      if (line === '') dispatch(events);
      else takeField(line);
    }
    return events;
  }

  function dispatch(events: ServerSentEvent[]): void {
    if (data.length > 0 && chars <= EVENT_CHARS_MAX) {
      events.push({ id, event, data: data.join('\n') });
    }
    event = 'message';
    data = [];
    chars = 0;
  }

  function takeField(line: string): void {
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    switch (name) {
      case 'id':
        id = value;
        break;
      case 'event':
        event = value;
        break;
      case 'data':
        chars += value.length;
        if (chars <= EVENT_CHARS_MAX) data.push(value);
        break;
      default:
      // A comment, or a field of tomorrow.
    }
  }

  return { push };
}
