/** Small byte strings side by side in few larger buffers. */

const FIRST_BYTES = 4 * 1024;
const SLAB_BYTES_MAX = 256 * 1024;

export class Slab {
  #bytes = Buffer.alloc(0);
  #used = 0;

  /** A copy that nobody overwrites. */
  copy(bytes: Buffer): Buffer {
    const { length } = bytes;
    const start = this.#roomFor(length);
    // A buffer that lmdb uses again is longer than it says.
    this.#bytes.set(bytes.subarray(0, length), start);
    this.#used = start + length;
    return this.#bytes.subarray(start, this.#used);
  }

  /** Each buffer is twice as large as the one before: few bytes take little. */
  #roomFor(length: number): number {
    if (this.#used + length <= this.#bytes.length) return this.#used;
    const next = Math.min(SLAB_BYTES_MAX, Math.max(FIRST_BYTES, 2 * this.#bytes.length));
    this.#bytes = Buffer.allocUnsafeSlow(Math.max(next, length));
    return 0;
  }
}
