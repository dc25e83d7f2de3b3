/** Wakes a waiting task when the control feed has something new; a wake-up is never lost. */
import type { ControlFeed } from './control-feed.ts';

export class News {
  readonly #stop: () => void;
  #isPending = false;
  #wake: () => void = () => undefined;

  constructor(feed: Pick<ControlFeed, 'onNews'>) {
    this.#stop = feed.onNews(() => {
      this.#isPending = true;
      this.#wake();
    });
  }

  /**
   * Resolves with the promise, or with null as soon as there was news since the last call. Leaves
   * nothing behind on what lives longer than the call, as a race with a promise of news would.
   */
  async orUntil<Value>(promise: Promise<Value>): Promise<Value | null> {
    const value = this.#isPending
      ? null
      : await new Promise<Value | null>((resolve, reject) => {
          this.#wake = () => resolve(null);
          promise.then(resolve, reject);
        });
    this.#isPending = false;
    return value;
  }

  close(): void {
    this.#stop();
  }
}
