/**
 * Follows sources of the log for as long as the process lives: a follower that ends by a failure is
 * started again where it stopped, and in between the gateway says that it is not ready.
 */
import type { EventLog, Follower, FollowSource, StoredRecord } from '@estop/log/port';
import type { Logger } from '@estop/runtime/logger';
import { EstopError, messageOf } from '@estop/schemas/errors';
import type { Topic } from '@estop/schemas/topics';

const RESTART_MS = 1_000;
const BATCH_RECORDS = 500;

export interface TailOptions {
  readonly log: EventLog;
  readonly logger: Logger;
  readonly topic: Topic;
  readonly partitions: number;
  readonly from: 'start' | 'end';
  /** Gets every record once, in order per partition; a rejection repeats the batch later. */
  readonly onRecords: (records: readonly StoredRecord[]) => Promise<void> | void;
}

export class Tail {
  readonly #options: TailOptions;
  readonly #nextOffsets: (number | 'start')[] = [];
  #follower: Follower | null = null;
  #restart: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(options: TailOptions) {
    this.#options = options;
  }

  /** Whether records arrive as they are appended. */
  get isLive(): boolean {
    return this.#follower !== null;
  }

  /** For how long, ms, there may have been news that did not arrive here. */
  get silentMs(): number {
    return this.#follower?.silentMs() ?? Number.POSITIVE_INFINITY;
  }

  get topic(): Topic {
    return this.#options.topic;
  }

  /** The next offset of each partition that was not handed over yet. */
  get nextOffsets(): readonly number[] {
    return this.#nextOffsets.map((next) => (next === 'start' ? 0 : next));
  }

  /** Resolves when everything that stands in the topic now has been handed over. */
  async start(): Promise<void> {
    const { log, topic, partitions, from } = this.#options;
    for (let partition = 0; partition < partitions; partition += 1) {
      // The end is fixed now: a restart must not skip what came in between.
      this.#nextOffsets.push(from === 'start' ? from : await log.endOffset(topic, partition));
    }
    await this.#follow();
    await this.#follower?.caughtUp();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#restart !== null) clearTimeout(this.#restart);
    await this.#follower?.close();
    this.#follower = null;
  }

  async #follow(): Promise<void> {
    const { log, topic } = this.#options;
    const sources = this.#nextOffsets.map((from, partition): FollowSource => {
      return { topic, partition, from };
    });
    this.#follower = await log.follow({
      sources,
      maxRecords: BATCH_RECORDS,
      onBatch: (records) => this.#take(records),
      onFailure: (error) => this.#fail(error),
    });
    if (this.#isClosed) await this.#follower.close();
  }

  async #take(records: readonly StoredRecord[]): Promise<void> {
    const first = records[0];
    const last = records.at(-1);
    if (first === undefined || last === undefined) return;
    await this.#options.log.learnSchemas(records).catch(passUnknownSchema);
    await this.#options.onRecords(records);
    this.#nextOffsets[last.partition] = last.offset + 1;
  }

  #fail(error: unknown): void {
    const ended = this.#follower;
    this.#follower = null;
    if (this.#isClosed) return;
    const { logger, topic } = this.#options;
    logger.error({ topic, error: messageOf(error) }, 'following failed; trying again');
    ended?.close().catch(() => undefined);
    this.#restart = setTimeout(() => {
      this.#follow().catch((cause: unknown) => this.#fail(cause));
    }, RESTART_MS);
  }
}

/** A schema that nobody knows spoils the record that names it, not those beside it. */
function passUnknownSchema(error: unknown): void {
  if (!(error instanceof EstopError) || error.code !== 'schema-unknown') throw error;
}
