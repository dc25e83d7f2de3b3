/**
 * Where the newest record of each key of a compacted partition stands, and which of them are
 * tombstones, oldest first. As large as the table that the topic is: one entry for each key.
 */
import type { KeyedRecord } from './chunk.ts';

export interface Tombstone {
  readonly key: string;
  readonly offset: number;
}

export class NewestByKey {
  readonly #offsets = new Map<string, number>();
  readonly #tombstones = new Map<string, { readonly offset: number; readonly atMs: number }>();

  offset(key: string): number | undefined {
    return this.#offsets.get(key);
  }

  /** Records are added in order. */
  add({ key, offset, timestampMs, isTombstone }: KeyedRecord): void {
    this.#offsets.set(key, offset);
    this.#tombstones.delete(key);
    if (isTombstone) this.#tombstones.set(key, { offset, atMs: timestampMs });
  }

  /** The oldest tombstones from before a time, at most so many. */
  tombstonesBefore(beforeMs: number, max: number): readonly Tombstone[] {
    const old: Tombstone[] = [];
    for (const [key, { offset, atMs }] of this.#tombstones) {
      if (atMs >= beforeMs || old.length >= max) break;
      old.push({ key, offset });
    }
    return old;
  }

  /** The tombstone is removed; a newer record of its key stays. */
  forget({ key, offset }: Tombstone): void {
    if (this.#offsets.get(key) !== offset) return;
    this.#offsets.delete(key);
    this.#tombstones.delete(key);
  }
}
