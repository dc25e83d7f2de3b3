/**
 * One hash over all entries of a snapshot, kept up as entries change: the exclusive or of their
 * SHA-256. It finds what was lost, changed or is too much by accident; against forgers the log
 * itself proves who wrote a record.
 */
import { hash } from 'node:crypto';

const HASH_BYTES = 32;

export class EntryHashes {
  /** A character for a byte: an eighth of what a buffer would take. */
  readonly #hashByKey = new Map<string, string>();
  readonly #all = Buffer.alloc(HASH_BYTES);

  get count(): number {
    return this.#hashByKey.size;
  }

  /** Of all entries together, hex. */
  get combined(): string {
    return this.#all.toString('hex');
  }

  has(key: string): boolean {
    return this.#hashByKey.has(key);
  }

  set(key: string, value: Uint8Array): void {
    this.delete(key);
    const own = hash('sha256', value, 'binary');
    this.#hashByKey.set(key, own);
    this.#toggle(own);
  }

  delete(key: string): void {
    const known = this.#hashByKey.get(key);
    if (known === undefined) return;
    this.#hashByKey.delete(key);
    this.#toggle(known);
  }

  #toggle(own: string): void {
    for (let at = 0; at < HASH_BYTES; at += 1) {
      this.#all[at] = (this.#all[at] ?? 0) ^ own.charCodeAt(at);
    }
  }
}
