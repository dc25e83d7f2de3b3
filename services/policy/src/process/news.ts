/** Wakes a waiting task when the control feed has something new; a wake-up is never lost. */
import type { ControlFeed } from './control-feed.ts';

export class News {
  readonly #stop: () => void;
  #isPending = false;
  #wake: () => void = () => undefined;
  #waiting = this.#sleep();

  constructor(feed: Pick<ControlFeed, 'onNews'>) {
    this.#stop = feed.onNews(() => {
      this.#isPending = true;
      this.#wake();
    });
  }

  /** Resolves with null as soon as there was news since the last `clear`. */
  wait(): Promise<null> {
    return this.#waiting;
  }

  /** Call before reading the feed: what comes after it wakes again. */
  clear(): void {
    if (!this.#isPending) return;
    this.#isPending = false;
    this.#waiting = this.#sleep();
  }

  close(): void {
    this.#stop();
  }

  #sleep(): Promise<null> {
    return new Promise((resolve) => {
      this.#wake = () => resolve(null);
    });
  }
}
