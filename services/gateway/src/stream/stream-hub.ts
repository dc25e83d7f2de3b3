/**
 * Spreads events to the clients of the stream. The hub knows how far every source was read; that
 * position is the id of an event, and a client that comes back with it gets what it missed from the
 * log before it joins again.
 */
import { createHash } from 'node:crypto';
import { formatPosition, parsePosition } from '../domain/stream-position.ts';
import type { StreamEvent } from './stream-event.ts';

export interface HubClient {
  /** Takes the events of one record; must not wait. */
  offer(events: readonly StreamEvent[], position: string): void;
  close(): void;
}

export class StreamHub {
  readonly #tag: string;
  readonly #clients = new Set<HubClient>();
  #nextOffsets: number[] = [];

  constructor(logId: string) {
    this.#tag = createHash('sha256').update(logId).digest('hex').slice(0, 8);
  }

  /** Where every source stands before the first record is published. */
  startAt(nextOffsets: readonly number[]): void {
    this.#nextOffsets = [...nextOffsets];
  }

  get nextOffsets(): readonly number[] {
    return [...this.#nextOffsets];
  }

  get clientCount(): number {
    return this.#clients.size;
  }

  position(nextOffsets: readonly number[] = this.#nextOffsets): string {
    return formatPosition(this.#tag, nextOffsets);
  }

  /** Undefined: a position of another log or of nothing. */
  parse(position: string): readonly number[] | undefined {
    return parsePosition(position, { tag: this.#tag, sources: this.#nextOffsets.length });
  }

  /** One record was read; `makeEvents` is only called when somebody listens. */
  publish(source: number, offset: number, makeEvents: () => readonly StreamEvent[]): void {
    this.#nextOffsets[source] = offset + 1;
    if (this.#clients.size === 0) return;
    const events = makeEvents();
    if (events.length === 0) return;
    const position = this.position();
    for (const client of this.#clients) client.offer(events, position);
  }

  join(client: HubClient): void {
    this.#clients.add(client);
  }

  leave(client: HubClient): void {
    this.#clients.delete(client);
  }

  closeAll(): void {
    for (const client of this.#clients) client.close();
    this.#clients.clear();
  }
}
