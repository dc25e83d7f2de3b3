/**
 * Reads that estop allowed a moment ago: the same one may run again before it is asked for. Only what
 * the gateway itself names for it is kept: reads that no limit counts. Each is asked for all the same,
 * behind it, so that the log has all of them, and a no ends it.
 */

const READS_MAX = 10_000;

export class ReadCache {
  readonly #untilByKey = new Map<string, number>();

  keep(key: string, untilMs: number): void {
    this.#untilByKey.delete(key);
    this.#untilByKey.set(key, untilMs);
    if (this.#untilByKey.size <= READS_MAX) return;
    for (const oldest of this.#untilByKey.keys()) {
      this.#untilByKey.delete(oldest);
      return;
    }
  }

  has(key: string, nowMs: number): boolean {
    return (this.#untilByKey.get(key) ?? Number.NEGATIVE_INFINITY) > nowMs;
  }

  drop(key: string): void {
    this.#untilByKey.delete(key);
  }

  clear(): void {
    this.#untilByKey.clear();
  }
}
