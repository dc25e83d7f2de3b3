/** The text of server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html */
import type { StreamEvent } from './stream-event.ts';

/** How soon a client that lost its connection comes back. */
const RETRY_MS = 1_000;

/** The start of a stream; the id lets a client that hears nothing resume all the same. */
export function sseHello(position: string | null): string {
  const id = position === null ? '' : `id: ${position}\n`;
  return `retry: ${RETRY_MS}\n${id}\n`;
}

/** Keeps the connection open, and moves the id on past what was filtered out. */
export function sseHeartbeat(position: string): string {
  return `: alive\nid: ${position}\n\n`;
}

/**
 * The events of one record. Only the last one carries the id: a client that got half of them asks
 * for the record again.
 */
export function sseFrames(events: readonly StreamEvent[], position: string): string {
  return events
    .map(({ type, data }, index) => {
      const id = index === events.length - 1 ? `id: ${position}\n` : '';
      return `${id}event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
    })
    .join('');
}

/** Tells that events are missing: what the client knows must be read anew. */
export function sseGap(position: string, detail: string): string {
  return `id: ${position}\nevent: gap\ndata: ${JSON.stringify({ detail })}\n\n`;
}
