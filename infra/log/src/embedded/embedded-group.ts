/**
 * A group of one: this process owns every partition from joining to leaving. Inputs are handed over
 * before they are synced: what is appended after them is in the file only together with them.
 */
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Topic } from '@estop/schemas/topics';
import type { Assignment, GroupOptions, Membership, StoredRecord } from '../port.ts';
import { untilAny } from '../waiting.ts';
import type { GroupOffsets } from './group-offsets.ts';
import type { EmbeddedPartition } from './partition.ts';

const RESTART_MS_MIN = 200;
const RESTART_MS_MAX = 5_000;

export interface GroupContext {
  readonly partitions: number;
  readonly partitionOf: (topic: Topic, partition: number) => EmbeddedPartition;
  readonly groupOffsets: GroupOffsets;
}

export function joinGroup(context: GroupContext, options: GroupOptions): Membership {
  const control = new AbortController();
  // One listener per partition is no leak.
  setMaxListeners(0, control.signal);
  const numbers = Array.from({ length: context.partitions }, (_, partition) => partition);
  const runs = Promise.all(
    numbers.map((partition) => own(context, options, { partition, control })),
  );
  return {
    assigned: () => (control.signal.aborted ? [] : numbers),
    async close() {
      control.abort();
      await runs;
    },
  };
}

async function own(
  context: GroupContext,
  options: GroupOptions,
  { partition, control }: { readonly partition: number; readonly control: AbortController },
): Promise<void> {
  const { signal } = control;
  let pauseMs = RESTART_MS_MIN;
  while (!signal.aborted) {
    const startedAt = performance.now();
    try {
      await options.run(new EmbeddedAssignment(context, options, { partition, signal }));
    } catch (error) {
      options.onFailure(partition, error);
    }
    if (signal.aborted) return;
    if (performance.now() - startedAt > RESTART_MS_MAX) pauseMs = RESTART_MS_MIN;
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    pauseMs = Math.min(pauseMs * 2, RESTART_MS_MAX);
  }
}

interface Input {
  readonly topic: Topic;
  readonly source: EmbeddedPartition;
  nextOffset: number;
}

class EmbeddedAssignment implements Assignment {
  readonly partition: number;
  readonly signal: AbortSignal;
  readonly #context: GroupContext;
  readonly #group: string;
  readonly #inputs: readonly Input[];
  #isSought = false;
  #turn = 0;

  constructor(
    context: GroupContext,
    { group, inputs }: GroupOptions,
    { partition, signal }: { readonly partition: number; readonly signal: AbortSignal },
  ) {
    this.partition = partition;
    this.signal = signal;
    this.#context = context;
    this.#group = group;
    this.#inputs = inputs.map((topic) => {
      return { topic, source: context.partitionOf(topic, partition), nextOffset: 0 };
    });
  }

  async seek(offsetByTopic: ReadonlyMap<Topic, number>): Promise<void> {
    for (const input of this.#inputs) {
      input.nextOffset = offsetByTopic.get(input.topic) ?? input.source.startOffset;
    }
    this.#isSought = true;
  }

  async next(maxRecords: number, waitMs: number): Promise<readonly StoredRecord[]> {
    const taken = this.#take(maxRecords);
    if (taken.length > 0 || this.signal.aborted) return taken;
    const sources = this.#isSought ? this.#inputs.map(({ source }) => source) : [];
    const staged = sources.map((source) => (waiter: () => void) => source.onStaged(waiter));
    await untilAny(staged, { signal: this.signal, waitMs });
    return this.signal.aborted ? [] : this.#take(maxRecords);
  }

  commit(offsetByTopic: ReadonlyMap<Topic, number>): void {
    for (const [topic, offset] of offsetByTopic) {
      const { partition } = this;
      this.#context.groupOffsets.set(this.#group, { topic, partition, offset });
    }
  }

  /** Topics take turns at being first, so that a busy one never starves the others. */
  #take(maxRecords: number): readonly StoredRecord[] {
    if (!this.#isSought) return [];
    const taken: StoredRecord[] = [];
    const { length } = this.#inputs;
    this.#turn = (this.#turn + 1) % length;
    for (let step = 0; step < length && taken.length < maxRecords; step += 1) {
      const input = this.#inputs[(this.#turn + step) % length];
      if (input === undefined) break;
      const { records, nextOffset } = input.source.readStaged(
        input.nextOffset,
        maxRecords - taken.length,
      );
      input.nextOffset = nextOffset;
      taken.push(...records);
    }
    return taken;
  }
}
