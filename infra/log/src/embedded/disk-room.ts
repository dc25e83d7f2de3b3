/**
 * Whether the disk has room for a write. LMDB cannot be trusted after a write that failed half way
 * (lmdb 3.5 has been seen to corrupt its memory), so a disk that gets full refuses before that.
 */
import { statfsSync } from 'node:fs';
import type { Clock } from '@estop/runtime/clock';

/** Others fill the disk too: what was free is asked again this often. */
const FRESH_MS = 200;
/** Pages that a transaction writes beside its values: the paths to them, and what is free. */
const TRANSACTION_BYTES = 1024 * 1024;
const MIB = 1024 * 1024;

export const DISK_RESERVE_BYTES_DEFAULT = 64 * MIB;

export interface DiskRoomOptions {
  readonly folder: string;
  /** So much stays free. */
  readonly reserveBytes: number;
  readonly clock: Pick<Clock, 'monotonicMs'>;
}

export class DiskRoom {
  readonly #options: DiskRoomOptions;
  #freeBytes = 0;
  #askedMs = Number.NEGATIVE_INFINITY;

  constructor(options: DiskRoomOptions) {
    this.#options = options;
  }

  /** Why so many bytes must not be written now; undefined when they may. */
  refusal(bytes: number): string | undefined {
    const { reserveBytes, clock, folder } = this.#options;
    const neededBytes = reserveBytes + TRANSACTION_BYTES + 2 * bytes;
    const isFresh = clock.monotonicMs() - this.#askedMs < FRESH_MS;
    if (!isFresh || this.#freeBytes < neededBytes) {
      const { bavail, bsize } = statfsSync(folder);
      this.#freeBytes = bavail * bsize;
      this.#askedMs = clock.monotonicMs();
    }
    if (this.#freeBytes >= neededBytes) return undefined;
    const [free, reserve] = [this.#freeBytes, reserveBytes].map((size) => Math.floor(size / MIB));
    return `the disk is full: ${free} MiB are free, and ${reserve} MiB stay free`;
  }

  /** So many bytes were written since. */
  wrote(bytes: number): void {
    this.#freeBytes -= 2 * bytes;
  }
}
