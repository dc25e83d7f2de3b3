/** Requests of the client that are not answered yet, and what may still happen to each. */
import type { JsonRecord } from '../domain/call.ts';
import { type FrameId, idKey, type RequestFrame } from '../domain/mcp/frame.ts';

/** More at a time is no client but a loop. */
export const IN_FLIGHT_MAX = 1_024;
/** Cancelled requests whose answer may still come. */
const CANCELLED_MAX = 1_024;

export interface Entry {
  readonly id: FrameId;
  readonly request: RequestFrame | null;
  /**
   * `passed`: sent on without judgement · `undecided`: judged now · `running`: sent on after a yes ·
   * `withdrawn`: taken back before it was decided, and still being judged · `cancelled`: taken back
   * after it was sent on · `own`: a request of the proxy itself.
   */
  state: 'passed' | 'undecided' | 'running' | 'withdrawn' | 'cancelled' | 'own';
  /** Withdraws it while it is undecided. */
  readonly withdraw?: AbortController;
  /** Told the answer of a running or own request; null when none will come. */
  settle?: (response: JsonRecord | null) => void;
}

export class InFlight {
  readonly #entryById = new Map<string, Entry>();
  #cancelled = 0;

  get isFull(): boolean {
    return this.#entryById.size - this.#cancelled >= IN_FLIGHT_MAX;
  }

  find(id: FrameId): Entry | undefined {
    return this.#entryById.get(idKey(id));
  }

  add(entry: Entry): Entry {
    this.#entryById.set(idKey(entry.id), entry);
    return entry;
  }

  remove(entry: Entry): void {
    if (!this.#entryById.delete(idKey(entry.id))) return;
    if (entry.state === 'cancelled') this.#cancelled -= 1;
  }

  /** The client waits for it no more, though the server may still answer. */
  cancel(entry: Entry): void {
    entry.state = 'cancelled';
    this.#cancelled += 1;
    if (this.#cancelled <= CANCELLED_MAX) return;
    for (const one of this.#entryById.values()) {
      if (one.state !== 'cancelled') continue;
      return this.remove(one);
    }
  }

  all(): readonly Entry[] {
    return [...this.#entryById.values()];
  }
}
