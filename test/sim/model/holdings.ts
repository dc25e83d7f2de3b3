/**
 * What one partition holds of shared limits, as its log says: granted, given back, spent, reserved.
 * At every record spent + reserved ≤ granted (I3 for what is shared, together with `Homes`).
 */
import type { AuditRecordEvent, SliceAnswer, SliceAsk } from '@estop/schemas/messages';
import { must } from '../violation.ts';
import type { Use } from './facts.ts';
import type { Homes } from './homes.ts';

type Kind = 'budget' | 'rate';

interface Account {
  start: number;
  granted: number;
  spent: number;
  reserved: number;
  dryUntilMs: number;
  sequence: number;
  readonly open: Set<number>;
  /** Calls that no ask has reported. */
  unreported: number;
}

export class Holdings {
  readonly #partition: number;
  readonly #homes: Homes;
  readonly #accounts = new Map<string, Account>();

  constructor(partition: number, homes: Homes) {
    this.#partition = partition;
    this.#homes = homes;
  }

  available(kind: Kind, limit: string, start: number): number {
    const account = this.#accounts.get(`${kind}:${limit}`);
    if (account?.start !== start) return 0;
    return Math.max(0, account.granted - account.spent - account.reserved);
  }

  /** The home has just said that it has nothing. */
  isDry(
    kind: Kind,
    limit: string,
    { start, atMs }: { readonly start: number; readonly atMs: number },
  ): boolean {
    const account = this.#accounts.get(`${kind}:${limit}`);
    return account?.start === start && atMs < account.dryUntilMs;
  }

  reserve(uses: readonly Use[]): void {
    for (const use of uses) {
      const account = this.#of(use);
      if (account !== undefined) account.reserved += use.amount;
    }
  }

  free(use: Use, spent: number): void {
    const account = this.#of(use);
    if (account === undefined) return;
    account.reserved -= use.amount;
    account.spent += spent;
  }

  /** One call under a shared rate. */
  call(rate: string): void {
    const account = this.#accounts.get(`rate:${rate}`);
    must(account !== undefined && account.granted > 0, 'I3', () => `${rate}: a call of no slice`);
    account.granted -= 1;
    account.unreported += 1;
  }

  /** The part of a record that speaks of slices. */
  apply(event: AuditRecordEvent): void {
    if (event.type === 'SliceRequested') this.#requested(event.ask);
    if (event.type === 'SliceReceived') this.#received(event.answer);
    if (event.type !== 'SliceOfferReceived') return;
    const account = this.#accounts.get(`${event.kind}:${event.limitId}`);
    if (account !== undefined) account.dryUntilMs = 0;
  }

  /** After each record. */
  check(): void {
    for (const [limit, { granted, spent, reserved }] of this.#accounts) {
      must(reserved >= 0 && spent + reserved <= granted, 'I3', () => {
        const used = `${spent} spent and ${reserved} reserved`;
        return `${limit} in partition ${this.#partition}: ${used} of ${granted} granted`;
      });
    }
  }

  /** Granted less given back, by limit and window; what nobody asks for any more. */
  *settled(): Iterable<readonly [string, number, number]> {
    for (const [limit, { start, granted, open, unreported }] of this.#accounts) {
      if (open.size > 0) continue;
      yield [limit, start, granted + unreported];
    }
  }

  get isAsking(): boolean {
    return [...this.#accounts.values()].some(({ open }) => open.size > 0);
  }

  #of({ shared, budget, start }: Use): Account | undefined {
    const account = shared ? this.#accounts.get(`budget:${budget}`) : undefined;
    return account?.start === start ? account : undefined;
  }

  #requested(ask: SliceAsk): void {
    const key = `${ask.kind}:${ask.limitId}`;
    const account = this.#inWindow(key, ask.windowStart);
    must(
      ask.partition === this.#partition && ask.sequence === account.sequence + 1,
      'slices',
      () => {
        return `${key}: ask ${ask.sequence} of ${ask.partition} after ${account.sequence}`;
      },
    );
    account.sequence = ask.sequence;
    account.granted -= ask.returned;
    account.open.add(ask.sequence);
    for (const { calls } of ask.uses) account.unreported -= calls;
    must(account.unreported >= 0, 'slices', () => `${key}: calls reported that nobody made`);
    this.#homes.asks.set(`${key}/${ask.partition}/${ask.sequence}`, ask);
  }

  #received(answer: SliceAnswer): void {
    const key = `${answer.kind}:${answer.limitId}`;
    const account = this.#accounts.get(key);
    must(account?.open.delete(answer.sequence) === true, 'slices', () => {
      return `${key}: an answer to ask ${answer.sequence}, which is not open`;
    });
    const granted = this.#homes.grants.get(`${key}/${this.#partition}/${answer.sequence}`);
    must(
      granted?.amount === answer.amount && granted.windowStart === answer.windowStart,
      'I3',
      () => {
        return `${key}: ${answer.amount} received, ${granted?.amount} granted`;
      },
    );
    if (account === undefined || account.start !== answer.windowStart) return;
    account.granted += answer.amount;
    if (answer.dryUntil !== null) account.dryUntilMs = answer.dryUntil;
    else if (answer.amount > 0) account.dryUntilMs = 0;
  }

  #inWindow(key: string, start: number): Account {
    let account = this.#accounts.get(key);
    if (account === undefined) {
      const amounts = { granted: 0, spent: 0, reserved: 0, dryUntilMs: 0, sequence: 0 };
      account = { start, ...amounts, open: new Set(), unreported: 0 };
      this.#accounts.set(key, account);
    }
    if (account.start < start) {
      Object.assign(account, { start, granted: 0, spent: 0, reserved: 0, dryUntilMs: 0 });
    }
    return account;
  }
}
