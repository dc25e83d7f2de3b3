/**
 * A partition whose acknowledged records vanished: nobody who has seen them decides anything there
 * any more. Whoever never saw them cannot know.
 */
import { type ChainHead, extendsChain, GENESIS, headAfter } from '@estop/log/chain';
import type { AuditEntry } from '../log/sim-log.ts';
import { must } from '../violation.ts';
import { AUDIT_CODEC } from '../world/audit-codec.ts';

export interface Truncation {
  /** The last number that each process has seen proven. */
  readonly seen: ReadonlyMap<string, number>;
  readonly step: number;
}

export class TruncationWatch {
  #head: ChainHead = GENESIS;
  #read = 0;
  readonly #step: number;
  readonly #closed: ReadonlySet<string>;

  constructor(entries: readonly AuditEntry[], { seen, step }: Truncation) {
    this.#step = step;
    this.#readValid(entries);
    const closed = [...seen].filter(([, seq]) => seq > this.#head.seq);
    this.#closed = new Set(closed.map(([process]) => process));
  }

  /** What was decided before may still have been on its way. */
  follow(entries: readonly AuditEntry[]): void {
    for (const { value, decided } of this.#readValid(entries)) {
      if (decided.step <= this.#step) continue;
      const { writer } = AUDIT_CODEC.decode(value);
      const process = writer.slice(0, writer.indexOf('/'));
      must(!this.#closed.has(process), 'fails closed', () => {
        return `${writer} goes on though ${process} has seen records that are gone`;
      });
    }
  }

  #readValid(entries: readonly AuditEntry[]): readonly AuditEntry[] {
    const valid = entries.slice(this.#read).filter(({ value }) => {
      if (!extendsChain(this.#head, value)) return false;
      this.#head = headAfter(this.#head, value);
      return true;
    });
    this.#read = entries.length;
    return valid;
  }
}
