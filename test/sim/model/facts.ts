/** What the model keeps of agents and waiting intents: facts of the log, in its own words. */
import type { Intent } from '@estop/schemas/messages';
import type { ToolSpec } from '../fleet-spec.ts';
import { BreakerFacts } from './breaker-facts.ts';

/** An amount on a budget, in the window that began at `start`. */
export interface Use {
  readonly budget: string;
  readonly start: number;
  readonly amount: number;
  readonly shared: boolean;
}

export interface Gate {
  readonly approvers: readonly string[];
  readonly quorum: number;
}

export interface Proposal {
  readonly intent: Intent;
  readonly digest: string;
}

export interface Pending extends Proposal {
  readonly held: readonly Use[];
  readonly expiresMs: number;
  readonly gates: readonly Gate[];
  readonly votes: string[];
}

export interface Final {
  readonly isAllowed: boolean;
  hasOutcome: boolean;
}

/** What an intent lacks of a shared limit. */
export interface Lack {
  readonly kind: 'budget' | 'rate';
  readonly limit: string;
  readonly amount: number;
}

/** An intent that waits for slices; its pending entry holds it when people have said yes. */
export interface Waiting {
  readonly agent: string;
  readonly proposal: Proposal;
  readonly isApproved: boolean;
  readonly untilMs: number;
  readonly needs: readonly Lack[];
}

/** One budget of one agent in its current window. */
export interface Ledger {
  start: number;
  spent: number;
  reserved: number;
  /** By order of a person; null: the fleet's. */
  ceiling: number | null;
}

export class AgentFacts {
  suspended = false;
  readonly breaker = new BreakerFacts();
  readonly finals = new Map<string, Final>();
  readonly pending = new Map<string, Pending>();
  readonly holds = new Map<string, { readonly uses: readonly Use[]; readonly untilMs: number }>();
  readonly ledgers = new Map<string, Ledger>();
  /** Times of allowed calls, by rate. */
  readonly calls = new Map<string, number[]>();

  isKnown(intentId: string): boolean {
    return this.finals.has(intentId) || this.pending.has(intentId);
  }

  ledger(budget: string): Ledger {
    let ledger = this.ledgers.get(budget);
    if (ledger === undefined) {
      ledger = { start: 0, spent: 0, reserved: 0, ceiling: null };
      this.ledgers.set(budget, ledger);
    }
    return ledger;
  }

  reserve(uses: readonly Use[]): void {
    for (const { budget, start, amount, shared } of uses) {
      if (shared) continue;
      const ledger = this.ledger(budget);
      if (ledger.start !== start) Object.assign(ledger, { start, spent: 0, reserved: 0 });
      ledger.reserved += amount;
    }
  }

  /** What was held is held no more; `spent` of it is gone for good. */
  free(use: Use, spent: number): void {
    const ledger = this.ledgers.get(use.budget);
    if (use.shared || ledger?.start !== use.start) return;
    ledger.reserved -= use.amount;
    ledger.spent += spent;
  }
}

export function gatesOf({ approvers, quorum }: ToolSpec): readonly Gate[] {
  return approvers.length > 0 || quorum > 1 ? [{ approvers, quorum }] : [];
}
