/**
 * One enforcement point: what it was told on its control stream and has not confirmed, and until
 * when its lease may run.
 */
import type { AgentId } from '@estop/schemas/ids';
import type { KnownHalt } from '../read-models/halt-book.ts';
import type { SaidAs } from './rolls.ts';

/** How long a point may act on one renewal, which it counts from before it asked for it. */
export const LEASE_MS = 3_000;
/** Words that a connected point owes an answer to, beside those it began with; one above is cut off. */
const OWED_MAX = 1_000;

/** A word on a scope as it goes out to every point: written once, however many there are. */
export interface SaidWord extends KnownHalt {
  /** JSON of an object that is not empty. */
  readonly text: string;
}

/** The connection to a point. */
export interface PointLink {
  /** Hands over a word, with its number on this stream; must not wait. */
  say(word: SaidWord, sequence: number): void;
  /** Tells how the agent's breaker is: JSON of an object. Nobody answers to it. */
  sayBreaker(text: string): void;
  close(): void;
}

/** What a point says of itself with each renewal. */
export interface Heard {
  /** The highest epoch that it has applied. */
  readonly epoch: number;
  /** The number of the last word of its stream that it has applied; null: the epoch says it. */
  readonly sequence: number | null;
}

export interface Renewal {
  readonly applied: readonly SaidAs[];
  /** Whether it has applied everything, so that it may go on. */
  readonly isCurrent: boolean;
}

interface Owed extends SaidAs {
  readonly sequence: number;
}

export class Point {
  readonly id: string;
  /** Whose credential it came with. */
  readonly principal: string;
  /** Whose calls run there; null: not said. */
  #agentId: AgentId | null = null;
  #link: PointLink | null = null;
  #sequence = 0;
  #owed: Owed[] = [];
  #owedMax = OWED_MAX;
  #renewedMs = Number.NEGATIVE_INFINITY;

  constructor(id: string, principal: string) {
    this.id = id;
    this.principal = principal;
  }

  get isConnected(): boolean {
    return this.#link !== null;
  }

  /**
   * When its lease is over at the latest, by the gateway's monotonic clock: the point counts from
   * before it asked, and this counts from when that arrived.
   */
  get leaseUntilMs(): number {
    return this.#renewedMs + LEASE_MS;
  }

  /** Takes a new connection, which begins by telling all that is known; answers its first number. */
  connect(link: PointLink, agentId: AgentId | null, known: readonly KnownHalt[]): number {
    this.#agentId = agentId;
    this.#link?.close();
    this.#link = link;
    this.#sequence += 1;
    this.#owed = known.map(({ halt: { haltId, epoch } }) => {
      return { sequence: this.#sequence, haltId, epoch };
    });
    this.#owedMax = OWED_MAX + known.length;
    return this.#sequence;
  }

  disconnect(link: PointLink): void {
    // It may have come back meanwhile.
    if (this.#link === link) this.#link = null;
  }

  /** The breaker of an agent is another now. */
  sayBreaker(agentId: AgentId, text: string): void {
    if (this.#agentId === agentId) this.#link?.sayBreaker(text);
  }

  close(): void {
    this.#link?.close();
  }

  say(word: SaidWord): void {
    const link = this.#link;
    if (link === null) return;
    const { haltId, epoch } = word.halt;
    this.#sequence += 1;
    this.#owed.push({ sequence: this.#sequence, haltId, epoch });
    if (this.#owed.length > this.#owedMax) link.close();
    else link.say(word, this.#sequence);
  }

  /**
   * It goes on acting, if it has applied all that it was told; answers whether it has, and the halts
   * that it has now applied.
   */
  renew({ epoch, sequence }: Heard, nowMs: number): Renewal {
    // A larger number is of another stream, and says nothing of this one.
    const heard = sequence !== null && sequence > this.#sequence ? 0 : sequence;
    const isApplied = (owed: Owed): boolean => {
      return heard === null ? owed.epoch <= epoch : owed.sequence <= heard;
    };
    const applied = this.#owed.filter(isApplied);
    this.#owed = this.#owed.filter((owed) => !isApplied(owed));
    // By the number: what is confirmed may be so by another process that took the name over.
    const isCurrent = this.#owed.length === 0 && (heard ?? this.#sequence) === this.#sequence;
    // Who has not heard everything gets no new lease: the old one fences it.
    if (isCurrent) this.#renewedMs = nowMs;
    return { applied, isCurrent };
  }
}
