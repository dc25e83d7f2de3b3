/**
 * Follows every partition of audit.v1 by the chain rule and remembers which records are void, so
 * that a search can look anywhere in the log without folding it first.
 */
import { type ChainHead, extendsChain, GENESIS, headAfter } from '@estop/log/chain';
import type { EventLog, Follower, StoredRecord } from '@estop/log/port';

/** Void records remembered per partition: each is a late write of a lost writer, so few. */
const VOID_OFFSETS_MAX = 100_000;

export interface FollowedPartition {
  readonly head: ChainHead;
  readonly nextOffset: number;
  readonly voidOffsets: ReadonlySet<number>;
}

interface Followed {
  head: ChainHead;
  nextOffset: number;
  readonly voidOffsets: Set<number>;
}

export class ChainFollower {
  readonly #log: EventLog;
  readonly #followed: readonly Followed[];
  #follower: Follower | null = null;

  constructor(log: EventLog) {
    this.#log = log;
    this.#followed = Array.from({ length: log.partitions }, () => {
      return { head: GENESIS, nextOffset: 0, voidOffsets: new Set<number>() };
    });
  }

  /** Starts at the first record; `onFailure` is told when the follower ends. */
  async start(onFailure: (error: unknown) => void): Promise<void> {
    this.#follower = await this.#log.follow({
      sources: this.#followed.map((_, partition) => {
        return { topic: 'audit.v1', partition, from: 'start' } as const;
      }),
      onBatch: (records) => this.#take(records),
      onFailure,
    });
  }

  /** Resolves when all that stands in the log now has been checked. */
  async caughtUp(): Promise<void> {
    await this.#follower?.caughtUp();
  }

  partition(partition: number): FollowedPartition | undefined {
    return this.#followed[partition];
  }

  async close(): Promise<void> {
    await this.#follower?.close();
  }

  #take(records: readonly StoredRecord[]): void {
    for (const { partition, offset, value } of records) {
      const followed = this.#followed[partition];
      if (followed === undefined) continue;
      followed.nextOffset = offset + 1;
      if (value !== null && extendsChain(followed.head, value)) {
        followed.head = headAfter(followed.head, value);
      } else if (followed.voidOffsets.size < VOID_OFFSETS_MAX) {
        followed.voidOffsets.add(offset);
      } else {
        throw new Error(`partition ${partition} has over ${VOID_OFFSETS_MAX} void records`);
      }
    }
  }
}
