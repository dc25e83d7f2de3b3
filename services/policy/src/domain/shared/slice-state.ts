/** What a partition keeps of shared limits: its accounts, and the intents that wait for slices. */
import type { AgentId, IntentId, LimitId } from '@estop/schemas/ids';
import type { IntentProposed, LimitKind, SliceAsk, SliceNeed } from '@estop/schemas/messages';

/** A partition's part of a shared limit. */
export interface SliceAccount {
  readonly kind: LimitKind;
  readonly limitId: LimitId;
  /** Length of the window; 0 for a lifetime. */
  windowMs: number;
  /** Which window the amounts below belong to; 0 for a lifetime and for rates. */
  windowStart: number;
  /** Budget: granted less given back in this window. Rate: granted and not used yet. */
  granted: number;
  spent: number;
  reserved: number;
  /** Calls of a rate that the home does not know of yet, by sub-window, oldest first. */
  readonly uses: { readonly bucket: number; calls: number }[];
  /** Of the last ask. */
  sequence: number;
  /** Asks without an answer, oldest first. */
  readonly open: OpenAsk[];
  /** The last amount granted: what counts as a slice here. 0: nothing to fetch ahead. */
  lastGrant: number;
  /** What the home had left at its last word. */
  homeFree: number;
  /** Before this time asking helps nobody, ms. */
  dryUntilMs: number;
  /**
   * The ask that gave back what the home called for: until a later one is granted something, what
   * comes free goes back at once. 0: nothing was called back.
   */
  recalledSequence: number;
  usedAtMs: number;
}

export interface OpenAsk {
  readonly ask: SliceAsk;
  readonly atMs: number;
}

export interface AwaitedRef {
  readonly agentId: AgentId;
  readonly intentId: IntentId;
}

export interface AwaitedIntent extends AwaitedRef {
  /** Null: people have said yes already, and it stands among the pending ones. */
  readonly proposed: IntentProposed | null;
  readonly untilMs: number;
  readonly needs: readonly SliceNeed[];
}
