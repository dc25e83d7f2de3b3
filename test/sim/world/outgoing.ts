/**
 * What a writer has on its way, in the order that production keeps: at most one batch of records
 * unproven and one behind it; what rests on a batch leaves after its proof and before the next.
 */
import type { ChainHead } from '@estop/log/chain';
import type { SliceBody } from '@estop/policy/domain/shared/messages';
import type { Decision } from '@estop/schemas/messages';
import type { AuditEntry } from '../log/sim-log.ts';

export type Effect =
  | { readonly type: 'decision'; readonly decision: Decision }
  | { readonly type: 'message'; readonly body: SliceBody };

/** Records, where they must stand to be valid, and what may leave then. */
export interface Flight {
  readonly offset: number;
  /** The last of them. */
  readonly head: ChainHead;
  readonly entries: readonly AuditEntry[];
  readonly effects: readonly Effect[];
}

export class Outgoing {
  /** On its way to the log. */
  flight: Flight | null = null;
  /** Proven, and not out yet. */
  readonly leaving: Effect[] = [];
  #prepared: Flight | null = null;

  /** Nothing more may be decided until the flight has landed. */
  get isFull(): boolean {
    return this.#prepared !== null;
  }

  get isEmpty(): boolean {
    return this.flight === null && this.leaving.length === 0;
  }

  handOver(flight: Flight): void {
    if (this.flight === null) this.flight = flight;
    else this.#prepared = flight;
  }

  /** The flight stands where it must. */
  landed(): void {
    this.leaving.push(...(this.flight?.effects ?? []));
    this.flight = this.#prepared;
    this.#prepared = null;
  }
}
