/** What was fetched of one partition and not yet taken, and where fetching goes on. */
import type { StoredRecord } from '../port.ts';
import { untilAny } from '../waiting.ts';
import type { Place } from './reader.ts';
import { FetchedRecords } from './record-batch.ts';

/** Above either bound nothing more is fetched until some was taken. */
const BUFFER_RECORDS_MAX = 2_000;
const BUFFER_BYTES_MAX = 1024 * 1024;

export class Feed {
  readonly place: Place;
  readonly name: string;
  /** Those of which something is left, oldest first. */
  #fetched: FetchedRecords[] = [];
  #fetchOffset: number | null = null;
  /** When the last fetch was sent whose answer is in the buffer or was taken, monotonic ms. */
  #fetchedMs = Number.NEGATIVE_INFINITY;
  #heardMs = Number.NEGATIVE_INFINITY;
  /** Whoever takes has come back for more, and there was none. */
  #isHandedOver = true;
  /** Set while a fetch of this partition is under way. */
  isFetching = false;
  readonly #waiters = new Set<() => void>();

  constructor(place: Place, name: string) {
    this.place = place;
    this.name = name;
  }

  /** Where the next fetch starts; null before the first seek. */
  get fetchOffset(): number | null {
    return this.#fetchOffset;
  }

  get isWanted(): boolean {
    if (this.#fetchOffset === null || this.isFetching) return false;
    let [records, bytes] = [0, 0];
    for (const { left, bytesLeft } of this.#fetched) {
      records += left;
      bytes += bytesLeft;
    }
    return records < BUFFER_RECORDS_MAX && bytes < BUFFER_BYTES_MAX;
  }

  seek(offset: number): void {
    this.#fetchedMs = Number.NEGATIVE_INFINITY;
    this.#fetchOffset = offset;
    this.#fetched = [];
  }

  /** Everything that stood in the partition at this time was handed over, monotonic ms. */
  get heardMs(): number {
    return this.#heardMs;
  }

  /**
   * Adds what a fetch from an offset gave, which was sent at this time; nothing if the feed was sought
   * elsewhere meanwhile.
   */
  accept(fetchedFrom: number, batches: Buffer, sentMs: number): void {
    if (fetchedFrom !== this.#fetchOffset) return;
    this.#fetchedMs = sentMs;
    const fetched = new FetchedRecords(batches, { ...this.place, fromOffset: fetchedFrom });
    if (fetched.nextOffset === fetchedFrom) {
      if (this.#isHandedOver) this.#heardMs = sentMs;
      return;
    }
    if (fetched.left > 0) this.#fetched.push(fetched);
    this.#fetchOffset = fetched.nextOffset;
    this.wake();
  }

  /** The next records, at most so many, and where the ones after them start. */
  take(maxRecords: number): { records: readonly StoredRecord[]; nextOffset: number } {
    const records: StoredRecord[] = [];
    for (let [first] = this.#fetched; first !== undefined; [first] = this.#fetched) {
      for (const record of first.take(maxRecords - records.length)) records.push(record);
      if (first.left > 0) break;
      this.#fetched.shift();
    }
    this.#isHandedOver = records.length === 0;
    if (this.#isHandedOver) this.#heardMs = this.#fetchedMs;
    const last = this.#fetched.length === 0 ? undefined : records.at(-1);
    return { records, nextOffset: last === undefined ? (this.#fetchOffset ?? 0) : last.offset + 1 };
  }

  /** Calls back when records have come, until the answered function is called. */
  onRecords(waiter: () => void): () => void {
    this.#waiters.add(waiter);
    return () => this.#waiters.delete(waiter);
  }

  wake(): void {
    for (const waiter of [...this.#waiters]) waiter();
  }
}

/** Until one of the feeds gets something, the time is over, or the signal fires. */
export function anyFed(
  feeds: readonly Feed[],
  until: { readonly signal: AbortSignal; readonly waitMs?: number },
): Promise<void> {
  const sources = feeds.map((feed) => (waiter: () => void) => feed.onRecords(waiter));
  return untilAny(sources, until);
}
