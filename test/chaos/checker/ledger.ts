/**
 * The arithmetic of budgets, from DESIGN §5 and the README of policy, not from the decider's code:
 * at every prefix of the log spent + reserved stays at or below the ceiling of each holder.
 */
import type {
  AuditRecordEvent,
  BudgetUse,
  IntentProposed,
  Outcome,
  Settlement,
} from '@estop/schemas/messages';
import type { ValidRecord } from './chain.ts';
import { type BudgetRule, placeOf, type Violation } from './history.ts';

interface Account {
  spent: number;
  reserved: number;
}

interface OpenIntent {
  readonly proposed: IntentProposed;
  readonly held: readonly BudgetUse[];
}

type EventOf<Type extends AuditRecordEvent['type']> = Extract<AuditRecordEvent, { type: Type }>;

/** Adds up every valid record in the order of the log. */
export function checkBudgets(
  valid: readonly ValidRecord[],
  rules: readonly BudgetRule[],
): readonly Violation[] {
  const ledger = new Ledger(rules);
  for (const record of inLogOrder(valid)) ledger.take(record);
  return ledger.violations;
}

/** By the brokers' stamps where partitions share a holder; within a partition by offset. */
function inLogOrder(valid: readonly ValidRecord[]): readonly ValidRecord[] {
  const newestMs = new Map<number, number>();
  const stamped = valid.map((entry) => {
    const { partition, timestampMs } = entry.at;
    const stampMs = Math.max(timestampMs, newestMs.get(partition) ?? 0);
    newestMs.set(partition, stampMs);
    return { entry, stampMs };
  });
  return stamped.sort((one, other) => one.stampMs - other.stampMs).map(({ entry }) => entry);
}

class Ledger {
  readonly violations: Violation[] = [];
  readonly #rules: readonly BudgetRule[];
  readonly #accounts = new Map<string, Account>();
  readonly #pending = new Map<string, OpenIntent>();
  readonly #allowed = new Map<string, OpenIntent>();
  /** What was asked in an earlier record, of intents that wait for a slice. */
  readonly #awaited = new Map<string, IntentProposed>();
  #place = '';
  #agent = '';
  #atMs = 0;

  constructor(rules: readonly BudgetRule[]) {
    this.#rules = rules;
  }

  take({ at, record }: ValidRecord): void {
    this.#place = placeOf({ topic: 'audit.v1', partition: at.partition, offset: at.offset });
    this.#agent = record.subject ?? '';
    this.#atMs = record.at;
    const first = record.events[0];
    const proposed = first?.type === 'IntentProposed' ? first : undefined;
    for (const event of record.events) {
      const awaited =
        'intentId' in event ? this.#awaited.get(this.#key(event.intentId)) : undefined;
      this.#apply(event, proposed ?? awaited);
    }
  }

  #apply(event: AuditRecordEvent, proposed: IntentProposed | undefined): void {
    switch (event.type) {
      case 'IntentAwaited':
        if (proposed !== undefined) this.#awaited.set(this.#key(event.intentId), proposed);
        return undefined;
      case 'ApprovalRequested':
        return this.#open(event, proposed, this.#pending);
      case 'IntentAllowed':
        return this.#open(event, this.#release(event.intentId) ?? proposed, this.#allowed);
      case 'IntentDenied':
        return this.#deny(event, this.#release(event.intentId) ?? proposed);
      case 'OutcomeRecorded':
        return this.#settle(event.outcome.intentId, event.settled, event.outcome);
      case 'HoldExpired':
        return this.#settle(event.intentId, event.settled, null);
      default:
        return undefined;
    }
  }

  #open(
    { intentId, held }: Pick<EventOf<'IntentAllowed'>, 'intentId' | 'held'>,
    proposed: IntentProposed | undefined,
    into: Map<string, OpenIntent>,
  ): void {
    if (proposed === undefined) return this.#report('answer-without-question', intentId);
    into.set(this.#key(intentId), { proposed, held });
    const uses = new Map(held.map((use) => [String(use.budgetId), use]));
    for (const rule of this.#rulesFor(proposed)) {
      const { amount, windowStart } = uses.get(rule.id) ?? {};
      const due = `${dueOn(rule, proposed)} from ${windowStartOf(rule, this.#atMs)}`;
      const has = `${amount ?? 'nothing'} from ${windowStart}`;
      const text = `${intentId} holds ${has} of ${rule.id}, ${due} is due`;
      if (has !== due) this.#report('hold-differs', text);
    }
    for (const use of held) {
      const account = this.#account(use);
      account.reserved += use.amount;
      this.#keepCeiling(use, account, intentId);
    }
  }

  /** What a pending intent held is free again when it becomes final. */
  #release(intentId: string): IntentProposed | undefined {
    const pending = this.#pending.get(this.#key(intentId));
    if (pending === undefined) return undefined;
    this.#pending.delete(this.#key(intentId));
    for (const use of pending.held) this.#account(use).reserved -= use.amount;
    return pending.proposed;
  }

  /** A denial for want of budget is only right when something wanted too much. */
  #deny({ intentId, reason }: EventOf<'IntentDenied'>, proposed: IntentProposed | undefined): void {
    if (reason !== 'budget-exhausted' || proposed === undefined) return;
    const isShort = this.#rulesFor(proposed).some((rule) => {
      // What one partition holds of a shared ceiling is not there for another for a while.
      if (rule.holder === 'shared') return true;
      const { spent, reserved } = this.#account({
        budgetId: rule.id,
        windowStart: windowStartOf(rule, this.#atMs),
      });
      return spent + reserved + dueOn(rule, proposed) > rule.ceiling;
    });
    if (!isShort) this.#report('denied-with-budget', `${intentId} had room in every budget`);
  }

  #settle(intentId: string, settled: readonly Settlement[], outcome: Outcome | null): void {
    const open = this.#allowed.get(this.#key(intentId));
    if (open === undefined) return this.#report('settled-unknown', `${intentId} was not allowed`);
    this.#allowed.delete(this.#key(intentId));
    for (const use of open.held) {
      const part = settled.find(({ budgetId }) => budgetId === use.budgetId);
      if (part === undefined || part.reserved !== use.amount) {
        const text = `${intentId} held ${use.amount} of ${use.budgetId}, ${part?.reserved} settled`;
        this.#report('settlement-differs', text);
        continue;
      }
      const cost = costOf(use, this.#rules.find(({ id }) => id === use.budgetId)?.unit, outcome);
      if (part.spent + part.overrun !== cost) {
        const text = `${intentId} cost ${cost} of ${use.budgetId}, ${part.spent} is booked`;
        this.#report('settlement-differs', text);
      }
      const account = this.#account(use);
      account.reserved -= part.reserved;
      account.spent += part.spent;
      this.#keepCeiling(use, account, intentId);
    }
  }

  #keepCeiling({ budgetId }: BudgetUse, { spent, reserved }: Account, intentId: string): void {
    const rule = this.#rules.find(({ id }) => id === budgetId);
    if (reserved < 0) this.#report('ledger-negative', `${intentId}: ${reserved} reserved`);
    if (rule === undefined) return this.#report('budget-unknown', `${intentId} uses ${budgetId}`);
    if (spent + reserved <= rule.ceiling) return;
    const text = `${intentId}: ${spent} spent + ${reserved} reserved of ${budgetId}`;
    this.#report('ceiling-passed', `${text}, its ceiling is ${rule.ceiling}`);
  }

  #rulesFor({ intent }: IntentProposed): readonly BudgetRule[] {
    return this.#rules.filter(({ tools }) => tools.includes(intent.tool));
  }

  #account(use: { readonly budgetId: string; readonly windowStart: number }): Account {
    const rule = this.#rules.find(({ id }) => id === use.budgetId);
    const holder = rule?.holder === 'shared' ? '' : this.#agent;
    const key = `${use.budgetId} ${use.windowStart} ${holder}`;
    const account = this.#accounts.get(key) ?? { spent: 0, reserved: 0 };
    this.#accounts.set(key, account);
    return account;
  }

  #key(intentId: string): string {
    return `${this.#agent} ${intentId}`;
  }

  #report(rule: string, text: string): void {
    this.violations.push({ rule, place: this.#place, text });
  }
}

function windowStartOf({ windowMs }: BudgetRule, atMs: number): number {
  return windowMs === null ? 0 : Math.floor(atMs / windowMs) * windowMs;
}

function dueOn(rule: BudgetRule, { microUsd }: IntentProposed): number {
  return rule.unit === 'calls' ? 1 : microUsd;
}

/** The table `How outcomes settle` of the policy's README. */
function costOf(
  { amount }: BudgetUse,
  unit: BudgetRule['unit'] | undefined,
  outcome: Outcome | null,
): number {
  if (outcome === null) return amount;
  if (outcome.status === 'cancelled') return 0;
  if (unit === 'calls') return amount;
  const reported = outcome.microUsd;
  if (outcome.status === 'unknown') return Math.max(amount, reported ?? 0);
  return reported ?? (outcome.status === 'ok' ? amount : 0);
}
