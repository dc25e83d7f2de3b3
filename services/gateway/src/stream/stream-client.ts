/**
 * One reader of the event stream. What it missed comes from the log first; what happens meanwhile
 * waits. A reader that owes more than its bound is dropped: it comes back with its last id.
 */
import type { ServerResponse } from 'node:http';
import type { EventLog } from '@estop/log/port';
import type { Feeds } from '../read-models/feeds.ts';
import { sseFrames, sseGap, sseHeartbeat, sseHello } from './sse.ts';
import { type StreamEvent, type StreamFilter, wants } from './stream-event.ts';
import type { HubClient, StreamHub } from './stream-hub.ts';

/** More than this was missed: the client reads the state anew instead. */
const CATCH_UP_RECORDS_MAX = 50_000;
const READ_RECORDS = 500;

export interface StreamClientOptions {
  readonly log: EventLog;
  readonly feeds: Feeds;
  readonly hub: StreamHub;
  readonly response: ServerResponse;
  readonly filter: StreamFilter;
  readonly bufferBytesMax: number;
  readonly heartbeatMs: number;
  readonly onDropped: () => void;
}

export class StreamClient implements HubClient {
  readonly #options: StreamClientOptions;
  /** What happened since the client joined, while it still catches up; null: it is live. */
  #held: string[] | null = [];
  #heldBytes = 0;
  #heartbeat: NodeJS.Timeout | null = null;

  constructor(options: StreamClientOptions) {
    this.#options = options;
  }

  /** Sends what came after `lastEventId`, then everything new, until the connection ends. */
  async run(lastEventId: string | null): Promise<void> {
    const { hub, response, heartbeatMs } = this.#options;
    // Whoever left while it was asked who they are does not leave again.
    if (response.destroyed) return;
    const joinedAt = hub.nextOffsets;
    hub.join(this);
    response.on('close', () => this.#leave());
    this.#heartbeat = setInterval(() => this.#beat(), heartbeatMs);
    this.#write(sseHello(lastEventId === null ? hub.position(joinedAt) : null));
    if (lastEventId !== null) await this.#catchUp(lastEventId, joinedAt);
    const held = this.#held ?? [];
    this.#held = null;
    for (const frame of held) this.#write(frame);
  }

  offer(events: readonly StreamEvent[], position: string): void {
    const wanted = events.filter((event) => wants(this.#options.filter, event));
    if (wanted.length === 0) return;
    const frames = sseFrames(wanted, position);
    if (this.#held === null) {
      this.#write(frames);
      return;
    }
    this.#held.push(frames);
    this.#heldBytes += frames.length;
    if (this.#heldBytes > this.#options.bufferBytesMax) this.#drop();
  }

  close(): void {
    this.#leave();
    const { response } = this.#options;
    if (!response.writableEnded) response.end();
  }

  #leave(): void {
    this.#options.hub.leave(this);
    if (this.#heartbeat !== null) clearInterval(this.#heartbeat);
    this.#heartbeat = null;
  }

  async #catchUp(lastEventId: string, until: readonly number[]): Promise<void> {
    const { hub } = this.#options;
    const from = hub.parse(lastEventId);
    if (from === undefined) {
      this.#write(sseGap(hub.position(until), 'the last event id is of another log'));
      return;
    }
    const missed = until.reduce(
      (sum, end, source) => sum + Math.max(end - (from[source] ?? end), 0),
      0,
    );
    if (missed > CATCH_UP_RECORDS_MAX) {
      this.#write(sseGap(hub.position(until), `${missed} records were missed`));
      return;
    }
    const at = [...from];
    for (const source of until.keys()) await this.#readSource(source, at, until[source] ?? 0);
  }

  async #readSource(source: number, at: number[], until: number): Promise<void> {
    const { log, feeds, hub, filter, response } = this.#options;
    const place = feeds.sources[source];
    if (place === undefined) return;
    let fromOffset = at[source] ?? until;
    while (fromOffset < until && !response.writableEnded) {
      const maxRecords = Math.min(READ_RECORDS, until - fromOffset);
      const batch = await log.read(place.topic, place.partition, { fromOffset, maxRecords });
      if (batch.records.length === 0) break;
      await log.learnSchemas(batch.records);
      for (const stored of batch.records) {
        if (stored.offset >= until) break;
        at[source] = stored.offset + 1;
        const wanted = feeds.eventsOf(stored).filter((event) => wants(filter, event));
        if (wanted.length > 0) this.#write(sseFrames(wanted, hub.position(at)));
      }
      fromOffset = batch.nextOffset;
      await drained(response);
    }
    at[source] = until;
  }

  #beat(): void {
    // While it catches up, the hub's position is ahead of what the client has got.
    this.#write(this.#held === null ? sseHeartbeat(this.#options.hub.position()) : ': alive\n\n');
  }

  #write(frame: string): void {
    const { response, bufferBytesMax } = this.#options;
    if (response.writableEnded || response.destroyed) return;
    response.write(frame);
    if (response.writableLength > bufferBytesMax) this.#drop();
  }

  #drop(): void {
    if (this.#options.response.destroyed) return;
    this.#options.onDropped();
    this.#leave();
    this.#options.response.destroy();
  }
}

/** Resolves when what was written has left, or the connection is gone. */
function drained(response: ServerResponse): Promise<void> {
  if (!response.writableNeedDrain || response.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}
