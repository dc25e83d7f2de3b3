/** One thing that goes wrong and is put right again. */
import type { Random } from '../random.ts';
import type { World } from '../world.ts';

export interface Fault {
  /** Whom it hits, for the report. */
  readonly on: string;
  inject(): Promise<void>;
  heal(): Promise<void>;
}

/** How it is seen from outside that somebody noticed. */
export type Sign =
  /** A writer took a partition over: read from the audit. */
  | 'takeover'
  /** A partition got another leader. */
  | 'leader'
  /** An agent was turned away at a door. */
  | 'door'
  /** Nobody has to notice. */
  | null;

export interface FaultKind {
  readonly name: string;
  readonly sign: Sign;
  /** How long it lasts. */
  readonly holdMs: { readonly min: number; readonly max: number };
  /** How many of forty faults are of this kind. */
  readonly share: number;
  /** Small enough to come on top of another fault. */
  readonly isLight: boolean;
  /** `spared` is hit by another fault already. */
  make(world: World, random: Random, spared: string | null): Fault | Promise<Fault>;
}
