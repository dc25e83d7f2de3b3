/**
 * Who waits for news under which key. The table holds numbers only, the listeners stand in slots
 * that are emptied: a Map that is grown and shrunk all the time links its old tables to its new
 * ones, so that with listeners in it the requests behind them would be kept, and copied, by every
 * collection of garbage long after they were answered.
 */
import { invariant } from '@estop/schemas/invariant';

export class Listeners<News> {
  readonly #slotByKey = new Map<string, number>();
  readonly #slots: ((news: News) => void)[][] = [];
  readonly #free: number[] = [];

  has(key: string): boolean {
    return this.#slotByKey.has(key);
  }

  /** Calls back at each news of the key until the returned function is called. */
  add(key: string, listener: (news: News) => void): () => void {
    let slot = this.#slotByKey.get(key);
    if (slot === undefined) {
      slot = this.#free.pop() ?? this.#slots.push([]) - 1;
      this.#slotByKey.set(key, slot);
    }
    const listeners = this.#at(slot);
    listeners.push(listener);
    return () => this.#remove(key, listener);
  }

  tell(key: string, news: News): void {
    const slot = this.#slotByKey.get(key);
    if (slot === undefined) return;
    const listeners = this.#at(slot);
    // A listener removes itself while the list is walked.
    for (const listener of listeners.length === 1 ? listeners : [...listeners]) listener(news);
  }

  #remove(key: string, listener: (news: News) => void): void {
    const slot = this.#slotByKey.get(key);
    if (slot === undefined) return;
    const listeners = this.#at(slot);
    const at = listeners.indexOf(listener);
    if (at < 0) return;
    listeners.splice(at, 1);
    if (listeners.length > 0) return;
    this.#slotByKey.delete(key);
    this.#free.push(slot);
  }

  #at(slot: number): ((news: News) => void)[] {
    const listeners = this.#slots[slot];
    invariant(listeners !== undefined, 'a slot that was given out is there');
    return listeners;
  }
}
