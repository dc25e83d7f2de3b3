/** Long work in one process with gates that must answer: it rests when it has worked for a while. */
import { setImmediate as nextTurn } from 'node:timers/promises';

const WORK_MS = 10;

export class Turns {
  #sinceMs = performance.now();

  /** To be awaited between two steps; lets everybody else have a turn when it is time. */
  async rest(): Promise<void> {
    if (performance.now() - this.#sinceMs < WORK_MS) return;
    await nextTurn();
    this.#sinceMs = performance.now();
  }
}
