/** Offsets that groups commit, for lag displays; written together, now and then. */
import type { Topic } from '@estop/schemas/topics';
import type { Store } from './store.ts';

const WRITE_PAUSE_MS = 1_000;

export class GroupOffsets {
  readonly #store: Store;
  /** One entry for each partition of a group's inputs. */
  readonly #offsets: Map<string, number>;
  readonly #changed = new Set<string>();
  #timer: NodeJS.Timeout | null = null;

  constructor(store: Store) {
    this.#store = store;
    const range = store.groupOffsets.getRange();
    this.#offsets = new Map([...range].map(({ key, value }) => [key, value]));
  }

  get(group: string, topic: Topic, partition: number): number | undefined {
    return this.#offsets.get(keyOf(group, topic, partition));
  }

  set(group: string, position: { topic: Topic; partition: number; offset: number }): void {
    const { topic, partition, offset } = position;
    const key = keyOf(group, topic, partition);
    this.#offsets.set(key, offset);
    this.#changed.add(key);
    this.#timer ??= setTimeout(() => void this.write(), WRITE_PAUSE_MS).unref();
  }

  /** Best effort: nobody trusts these offsets. */
  async write(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#changed.size === 0) return;
    const { groupOffsets, write } = this.#store;
    const changed = [...this.#changed];
    this.#changed.clear();
    const put = () => {
      for (const key of changed) void groupOffsets.put(key, this.#offsets.get(key) ?? 0);
    };
    await write(put).catch(() => undefined);
  }
}

function keyOf(group: string, topic: Topic, partition: number): string {
  return JSON.stringify([group, topic, partition]);
}
