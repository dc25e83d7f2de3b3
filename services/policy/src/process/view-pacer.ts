/**
 * Which views to publish now: all of them while there are few, and under load each subject's newest
 * one at intervals, so that views cost a bounded share of the deciding.
 */
import type { Clock } from '@estop/runtime/clock';
import type { SubjectId } from '@estop/schemas/ids';

/** Above this many views a second of one partition … */
const UNPACED_VIEWS_PER_SECOND = 100;
/** … they are collected for this long. */
export const PACED_VIEWS_MS = 100;
const SECOND_MS = 1_000;

export class ViewPacer {
  readonly #clock: Clock;
  readonly #offsetBySubject = new Map<SubjectId, number>();
  #secondStartMs = 0;
  #publishedThisSecond = 0;
  #lastPublishedMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** True when nothing waits to be published. */
  get isEmpty(): boolean {
    return this.#offsetBySubject.size === 0;
  }

  /** Takes what changed and answers what is due, with the offset of the newest record about it. */
  due(changed: ReadonlyMap<SubjectId, number>): readonly (readonly [SubjectId, number])[] {
    for (const [subject, offset] of changed) this.#offsetBySubject.set(subject, offset);
    if (this.isEmpty) return [];
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#secondStartMs >= SECOND_MS) {
      this.#secondStartMs = nowMs;
      this.#publishedThisSecond = 0;
    }
    const isPaced = this.#publishedThisSecond >= UNPACED_VIEWS_PER_SECOND;
    if (isPaced && nowMs - this.#lastPublishedMs < PACED_VIEWS_MS) return [];
    const due = [...this.#offsetBySubject];
    this.#offsetBySubject.clear();
    this.#publishedThisSecond += due.length;
    this.#lastPublishedMs = nowMs;
    return due;
  }
}
