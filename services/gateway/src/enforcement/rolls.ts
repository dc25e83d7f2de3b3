/** The roll calls of the newest halts: one for each word that a halt was said with. */
import type { Halt } from '@estop/schemas/messages';
import { RollCall, type RollMember } from './roll-call.ts';

/** Halts whose confirmations are kept, the newest ones, beside those that somebody holds. */
const HALTS_MAX = 64;
/** Words of one halt, the newest ones. */
const WORDS_MAX = 8;

/** A halt that is said again, more strictly say, keeps its id: who confirmed the milder word has not this one. */
export type SaidAs = Pick<Halt, 'haltId' | 'epoch'>;

interface Called {
  readonly epoch: number;
  readonly roll: RollCall;
}

export class Rolls {
  /** By halt id, the one said longest ago first; of each its words, oldest first. */
  readonly #calledById = new Map<string, readonly Called[]>();
  /** How many hold it: its rolls are told of in the log still. */
  readonly #holdersById = new Map<string, number>();

  /** Calls the roll of a word, once. */
  call(word: SaidAs, saidMs: number, members: ReadonlyMap<string, RollMember>): void {
    const { haltId, epoch } = word;
    if (this.of(word) !== undefined) return;
    const earlier = this.#calledById.get(haltId) ?? [];
    const called = [...earlier, { epoch, roll: new RollCall(saidMs, members) }];
    this.#calledById.delete(haltId);
    this.#calledById.set(haltId, called.slice(-WORDS_MAX));
    this.#forget();
  }

  /** Undefined when nobody was asked here, or it is too long ago. */
  of({ haltId, epoch }: SaidAs): RollCall | undefined {
    return this.#calledById.get(haltId)?.find((called) => called.epoch === epoch)?.roll;
  }

  /** A point has applied a word, and so what it takes the place of. */
  confirm({ haltId, epoch }: SaidAs, point: string, atMs: number): void {
    for (const called of this.#calledById.get(haltId) ?? []) {
      if (called.epoch <= epoch) called.roll.confirm(point, atMs);
    }
  }

  /** Keeps what was said just now, among however many, until it is released as often. */
  hold({ haltId }: SaidAs): void {
    if (!this.#calledById.has(haltId)) return;
    this.#holdersById.set(haltId, (this.#holdersById.get(haltId) ?? 0) + 1);
  }

  release({ haltId }: SaidAs): void {
    const holders = this.#holdersById.get(haltId) ?? 0;
    if (holders > 1) this.#holdersById.set(haltId, holders - 1);
    else if (this.#holdersById.delete(haltId)) this.#forget();
  }

  #forget(): void {
    for (const oldest of this.#calledById.keys()) {
      if (this.#calledById.size - this.#holdersById.size <= HALTS_MAX) break;
      if (!this.#holdersById.has(oldest)) this.#calledById.delete(oldest);
    }
  }
}
