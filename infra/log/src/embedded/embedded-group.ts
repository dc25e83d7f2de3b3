/**
 * A group of one: this process owns every partition from joining to leaving. Inputs are handed over
 * before they are synced; a run that has taken one which the disk then refused is ended and begins
 * again from what the log holds.
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

export interface EmbeddedMembership extends Membership {
  /** Ends the runs that have taken staged inputs which are gone, and waits for them. */
  endWitnesses(): Promise<void>;
}

/** One run of one partition. */
interface Run {
  readonly assignment: EmbeddedAssignment;
  readonly control: AbortController;
  readonly ended: Promise<void>;
}

export function joinGroup(context: GroupContext, options: GroupOptions): EmbeddedMembership {
  const control = new AbortController();
  const { signal } = control;
  // One listener per partition is no leak.
  setMaxListeners(0, signal);
  const numbers = Array.from({ length: context.partitions }, (_, partition) => partition);
  const runs = new Map<number, Run>();
  const owned = Promise.all(
    numbers.map((partition) =>
      own({ partition, signal, options }, () => {
        const run = start(context, options, { partition, signal });
        runs.set(partition, run);
        return run.ended;
      }),
    ),
  );
  return {
    assigned: () => (signal.aborted ? [] : numbers),
    async endWitnesses() {
      const witnesses = [...runs.values()].filter(({ assignment }) => assignment.hasTakenLost());
      for (const run of witnesses) run.control.abort();
      await Promise.allSettled(witnesses.map(({ ended }) => ended));
    },
    async close() {
      control.abort();
      await owned;
    },
  };
}

function start(
  context: GroupContext,
  options: GroupOptions,
  { partition, signal }: { readonly partition: number; readonly signal: AbortSignal },
): Run {
  const control = new AbortController();
  const end = () => control.abort();
  signal.addEventListener('abort', end, { once: true });
  const own = { partition, signal: control.signal };
  const assignment = new EmbeddedAssignment(context, options, own);
  const ended = options.run(assignment).finally(() => signal.removeEventListener('abort', end));
  return { assignment, control, ended };
}

/** Keeps a partition running until the signal fires, with a pause after each run that ended. */
async function own(
  of: {
    readonly partition: number;
    readonly signal: AbortSignal;
    readonly options: GroupOptions;
  },
  run: () => Promise<void>,
): Promise<void> {
  const { partition, signal, options } = of;
  let pauseMs = RESTART_MS_MIN;
  while (!signal.aborted) {
    const startedAt = performance.now();
    try {
      await run();
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

  /** Whether an input was handed over that stands in the log no more. */
  hasTakenLost(): boolean {
    return this.#inputs.some(({ source, nextOffset }) => nextOffset > source.stagedEnd);
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
