/**
 * Ceilings that agents of several partitions share, by what each log says for itself (DESIGN §5): a
 * home never grants more than the ceiling, a partition never holds more than it was granted, and
 * between the two nothing is made of nothing. Together: never exceeded, at any moment.
 */
import type { AuditRecordEvent, BudgetUse, Settlement, SliceAnswer } from '@estop/schemas/messages';
import type { ValidRecord } from './chain.ts';
import { type BudgetRule, placeOf, type Violation } from './history.ts';

export function checkSlices(
  valid: readonly ValidRecord[],
  rules: readonly BudgetRule[],
): readonly Violation[] {
  const slices = new Slices(rules);
  // What one partition says and another hears stands in two logs: first all that was said.
  for (const entry of valid) slices.hear(entry);
  for (const entry of valid) slices.take(entry);
  return slices.violations;
}

class Slices {
  readonly violations: Violation[] = [];
  readonly #ceilings: ReadonlyMap<string, number>;
  readonly #asks = new Map<string, string>();
  readonly #answers = new Map<string, SliceAnswer>();
  readonly #heard = new Set<string>();
  /** Granted and not given back, by limit and window, as its home counts. */
  readonly #out = new Map<string, number>();
  /** Granted, not given back, not spent and not reserved, by partition, limit and window. */
  readonly #left = new Map<string, number>();
  readonly #pending = new Map<string, readonly BudgetUse[]>();
  #place = '';
  #partition = 0;
  #subject = '';

  constructor(rules: readonly BudgetRule[]) {
    const shared = rules.filter(({ holder }) => holder === 'shared');
    this.#ceilings = new Map(shared.map(({ id, ceiling }) => [id, ceiling]));
  }

  hear({ record }: ValidRecord): void {
    for (const event of record.events) {
      if (event.type === 'SliceRequested') this.#asks.set(nameOf(event.ask), bodyOf(event.ask));
      if (event.type === 'SliceGranted') this.#answers.set(nameOf(event.answer), event.answer);
    }
  }

  take({ at, record }: ValidRecord): void {
    this.#place = placeOf({ topic: 'audit.v1', partition: at.partition, offset: at.offset });
    this.#partition = at.partition;
    this.#subject = record.subject ?? '';
    for (const event of record.events) this.#apply(event);
  }

  #apply(event: AuditRecordEvent): void {
    switch (event.type) {
      case 'SliceRequested':
        return this.#keep(event.ask.limitId, event.ask.windowStart, -event.ask.returned);
      case 'SliceAsked':
        this.#once('asked', event.ask);
        if (this.#asks.get(nameOf(event.ask)) !== bodyOf(event.ask)) {
          this.#report('slice-ask-unknown', `${nameOf(event.ask)} was never asked like this`);
        }
        return this.#grant(event.ask.limitId, event.ask.windowStart, -event.ask.returned);
      case 'SliceGranted':
        this.#once('granted', event.answer);
        return this.#grant(event.answer.limitId, event.answer.windowStart, event.answer.amount);
      case 'SliceReceived':
        return this.#receive(event.answer);
      case 'ApprovalRequested':
        this.#pending.set(`${this.#subject} ${event.intentId}`, event.held);
        return this.#use(event.held, -1);
      case 'IntentAllowed':
        this.#release(event.intentId);
        return this.#use(event.held, -1);
      case 'IntentDenied':
        return this.#release(event.intentId);
      case 'OutcomeRecorded':
      case 'HoldExpired':
        return this.#settle(event.settled);
      default:
        return undefined;
    }
  }

  #receive(answer: SliceAnswer): void {
    this.#once('received', answer);
    const said = this.#answers.get(nameOf(answer));
    if (said === undefined || said.amount !== answer.amount) {
      const text = `${nameOf(answer)} brings ${answer.amount}, ${said?.amount} was granted`;
      this.#report('slice-unknown', text);
    }
    this.#keep(answer.limitId, answer.windowStart, answer.amount);
  }

  #release(intentId: string): void {
    const key = `${this.#subject} ${intentId}`;
    this.#use(this.#pending.get(key) ?? [], 1);
    this.#pending.delete(key);
  }

  #use(uses: readonly BudgetUse[], sign: 1 | -1): void {
    for (const { budgetId, windowStart, amount, shared } of uses) {
      if (shared) this.#keep(budgetId, windowStart, sign * amount);
    }
  }

  #settle(settled: readonly Settlement[]): void {
    for (const { budgetId, windowStart, reserved, spent, shared } of settled) {
      if (shared) this.#keep(budgetId, windowStart, reserved - spent);
    }
  }

  #keep(limitId: string, windowStart: number, amount: number): void {
    const key = `${this.#partition} ${limitId} ${windowStart}`;
    const left = (this.#left.get(key) ?? 0) + amount;
    this.#left.set(key, left);
    if (left >= 0) return;
    this.#report('slice-exceeded', `${-left} of ${limitId} more than partition was granted`);
  }

  #grant(limitId: string, windowStart: number, amount: number): void {
    const key = `${limitId} ${windowStart}`;
    const out = (this.#out.get(key) ?? 0) + amount;
    this.#out.set(key, out);
    const ceiling = this.#ceilings.get(limitId);
    if (ceiling === undefined) return this.#report('slice-of-nothing', `${limitId} is not shared`);
    if (out < 0) this.#report('slice-negative', `${limitId} got back what it never granted`);
    if (out > ceiling) {
      this.#report('ceiling-granted-twice', `${out} of ${limitId} are out, ${ceiling} there are`);
    }
  }

  #once(what: string, message: { limitId: string; partition: number; sequence: number }): void {
    const name = `${what} ${nameOf(message)}`;
    if (this.#heard.has(name)) this.#report('slice-twice', `${name} counts a second time`);
    this.#heard.add(name);
  }

  #report(rule: string, text: string): void {
    this.violations.push({ rule, place: this.#place, text });
  }
}

interface Named {
  readonly limitId: string;
  readonly partition: number;
  readonly sequence: number;
}

function nameOf({ limitId, partition, sequence }: Named): string {
  return `${limitId} for partition ${partition}, number ${sequence}`;
}

function bodyOf(ask: Named & { readonly windowStart: number; readonly returned: number }): string {
  return `${ask.windowStart} ${ask.returned}`;
}
