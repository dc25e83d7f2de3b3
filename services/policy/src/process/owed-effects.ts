/**
 * Decisions and views of records from before a takeover that still have to leave, oldest first. At
 * most as many as there are recent records.
 */
import type { SubjectId } from '@estop/schemas/ids';
import type { AuditRecord } from '@estop/schemas/messages';
import type { FoldedRecord } from '../domain/snapshot/restore.ts';

export class OwedEffects {
  #recent: readonly FoldedRecord[] = [];
  #next = 0;
  /** With the position of the newest record about the subject. */
  readonly #offsetBySubject = new Map<SubjectId, number>();

  constructor(recent: readonly FoldedRecord[] = []) {
    this.#recent = recent;
    for (const folded of recent) {
      const { subject } = folded.heading();
      if (subject !== null) this.#offsetBySubject.set(subject, folded.offset);
    }
  }

  get isEmpty(): boolean {
    return this.#recent.length === 0 && this.#offsetBySubject.size === 0;
  }

  /** A newer record is about the subject: its view is the one that leaves. */
  changed(subject: SubjectId): void {
    if (this.#offsetBySubject.size > 0) this.#offsetBySubject.delete(subject);
  }

  /** The next ones: of at most so many records, and so many views. */
  take(max: number): {
    readonly records: readonly AuditRecord[];
    readonly views: readonly (readonly [SubjectId, number])[];
  } {
    const records = this.#recent.slice(this.#next, this.#next + max);
    this.#next += records.length;
    if (this.#next >= this.#recent.length) this.#recent = [];
    const views = firstOf(this.#offsetBySubject, max);
    for (const [subject] of views) this.#offsetBySubject.delete(subject);
    return { records: records.map(({ record }) => record), views };
  }
}

function firstOf<Key, Value>(
  map: ReadonlyMap<Key, Value>,
  max: number,
): readonly (readonly [Key, Value])[] {
  const first: (readonly [Key, Value])[] = [];
  for (const entry of map) {
    if (first.length === max) break;
    first.push(entry);
  }
  return first;
}
