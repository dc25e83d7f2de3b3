/**
 * The enforcement points that hold a control stream here, and who of them has confirmed a halt. What
 * a point lets through after a halt is bounded by its lease, whether or not it can be reached.
 */
import type { Clock } from '@estop/runtime/clock';
import type { AgentId } from '@estop/schemas/ids';
import type { Confirmation } from '../domain/confirmations-body.ts';
import { haltBody } from '../domain/halt-body.ts';
import type { HaltBook, KnownHalt } from '../read-models/halt-book.ts';
import { type Heard, Point, type PointLink } from './point.ts';
import { Rolls, type SaidAs } from './rolls.ts';

export type Connected =
  | { readonly ok: true; readonly known: readonly KnownHalt[]; readonly sequence: number }
  | { readonly ok: false; readonly why: 'name-taken' | 'too-many-own' | 'too-many' };

/** Who opens a point. */
export interface PointOwner {
  readonly principal: string;
  /** Whose calls run there; null: not said. */
  readonly agentId: AgentId | null;
  /** How many of its points there may be at a time. */
  readonly pointsMax: number;
}

export type Renewed =
  | { readonly ok: true; readonly isCurrent: boolean }
  | { readonly ok: false; readonly why: 'no-stream' | 'several-points' };

export class EnforcementPoints {
  readonly #clock: Clock;
  readonly #book: HaltBook;
  readonly #pointsMax: number;
  /** Those that may let something through: connected, or with a lease that may still run. */
  readonly #pointById = new Map<string, Point>();
  /** A copy for rolls, which many share; null: it has changed since. */
  #members: ReadonlyMap<string, Point> | null = null;
  readonly #rolls = new Rolls();

  constructor(clock: Clock, book: HaltBook, pointsMax: number) {
    this.#clock = clock;
    this.#book = book;
    this.#pointsMax = pointsMax;
    book.onNews((known) => this.#tell(known));
  }

  /**
   * Takes a point, in the place of its earlier connection, and answers what it must know at once.
   * Refuses a name that another credential uses, and new names where there are too many; one that is
   * known comes back however many there are, or what it guards would stand still.
   */
  connect(id: string, owner: PointOwner, link: PointLink): Connected {
    const { principal, agentId, pointsMax } = owner;
    this.#forgetGone();
    const earlier = this.#pointById.get(id);
    if (earlier === undefined) {
      if (this.#countOf(principal) >= pointsMax) return { ok: false, why: 'too-many-own' };
      if (this.#pointById.size >= this.#pointsMax) return { ok: false, why: 'too-many' };
    }
    const point = earlier ?? new Point(id, principal);
    if (point.principal !== principal) return { ok: false, why: 'name-taken' };
    this.#pointById.set(id, point);
    if (earlier === undefined) this.#members = null;
    const known = this.#book.voiding();
    return { ok: true, known, sequence: point.connect(link, agentId, known) };
  }

  /** A point need not wait for its next question: what was allowed before an opening is void. */
  tellBreaker(agentId: AgentId, body: object): void {
    const text = JSON.stringify(body);
    for (const point of this.#pointById.values()) point.sayBreaker(agentId, text);
  }

  disconnect(id: string, link: PointLink): void {
    this.#pointById.get(id)?.disconnect(link);
  }

  /** A point says what it has applied, and asks to go on. `name`: null where one uses the credential. */
  renew(principal: string, name: string | null, heard: Heard): Renewed {
    const [point, other] = this.#ownOf(principal, name);
    if (point === undefined) return { ok: false, why: 'no-stream' };
    if (other !== undefined) return { ok: false, why: 'several-points' };
    const nowMs = this.#clock.monotonicMs();
    const { applied, isCurrent } = point.renew(heard, nowMs);
    for (const word of applied) this.#rolls.confirm(word, point.id, nowMs);
    return { ok: true, isCurrent };
  }

  /** Undefined when nobody was asked here, or it is too long ago. */
  confirmations(word: SaidAs): readonly Confirmation[] | undefined {
    return this.#rolls.of(word)?.confirmations(this.#clock.monotonicMs());
  }

  /** Keeps the confirmations of a halt that was said just now, among however many, until released. */
  hold(word: SaidAs): void {
    this.#rolls.hold(word);
  }

  release(word: SaidAs): void {
    this.#rolls.release(word);
  }

  /**
   * Resolves when no point can let anything through any more that a halt covers, after a time, or
   * when the gateway closes.
   */
  async untilSettled(word: SaidAs, timeoutMs: number, closing: AbortSignal): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    await this.#rolls.of(word)?.untilSettled(nowMs, timeoutMs, closing);
  }

  closeAll(): void {
    for (const point of this.#pointById.values()) point.close();
  }

  #tell(known: KnownHalt): void {
    this.#forgetGone();
    const { halt, at } = known;
    // Before anybody is connected words come from the log, said long ago.
    if (this.#pointById.size > 0 && this.#book.isLive(halt)) this.#callRoll(halt);
    const word = { halt, at, text: JSON.stringify(haltBody(halt, at)) };
    for (const point of this.#pointById.values()) point.say(word);
  }

  #callRoll(word: SaidAs): void {
    this.#members ??= new Map(this.#pointById);
    this.#rolls.call(word, this.#clock.monotonicMs(), this.#members);
  }

  #countOf(principal: string): number {
    let count = 0;
    for (const point of this.#pointById.values()) if (point.principal === principal) count += 1;
    return count;
  }

  *#ownOf(principal: string, name: string | null): Generator<Point> {
    if (name !== null) {
      const named = this.#pointById.get(name);
      if (named?.principal === principal && named.isConnected) yield named;
      return;
    }
    for (const point of this.#pointById.values()) {
      if (point.principal === principal && point.isConnected) yield point;
    }
  }

  #forgetGone(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [id, { isConnected, leaseUntilMs }] of this.#pointById) {
      if (isConnected || leaseUntilMs > nowMs) continue;
      this.#pointById.delete(id);
      this.#members = null;
    }
  }
}
