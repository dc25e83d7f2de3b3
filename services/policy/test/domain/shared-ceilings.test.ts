import type { FleetBudget, FleetRate } from '@estop/policy/domain/fleet';
import { AWAIT_MS } from '@estop/policy/domain/limits';
import { serializeState } from '@estop/policy/domain/serialize';
import { availableOf } from '@estop/policy/domain/shared/account';
import { refOf } from '@estop/policy/domain/shared/holder';
import type { AgentId, BudgetId, IntentId, SubjectId } from '@estop/schemas/ids';
import type { AuditRecordEvent, OutcomeStatus } from '@estop/schemas/messages';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  askFirst,
  callsBudget,
  createFleetDouble,
  person,
  rate,
  spendBudget,
} from './fleet-double.ts';
import { HOME, Partitions } from './partitions.ts';
import { restoredFrom } from './restored.ts';
import { digestOf, intentInput } from './specification.ts';

const COUNT = 4;
const AGENTS = Array.from({ length: 100 }, (_, n) => `agent-${n}`);

function sharedCalls(ceiling: number): FleetBudget {
  return { ...callsBudget('fleet-calls', ceiling), shared: true };
}

function sharedRate(limit: number, windowMs: number): FleetRate {
  return { ...rate('fleet-rate', limit, windowMs), shared: true };
}

/** Agents live in partitions by their number. */
function partitionOf(agentId: string): number {
  return Number(agentId.slice(agentId.indexOf('-') + 1)) % COUNT;
}

function world(options: Parameters<typeof createFleetDouble>[0]): Partitions {
  return new Partitions(COUNT, createFleetDouble({ agents: AGENTS, ...options }));
}

function propose(all: Partitions, agentId: string, intentId = 'i1', more = {}): void {
  all.when(partitionOf(agentId), intentInput({ agentId, intentId, ...more }));
}

function settleOutcome(
  all: Partitions,
  agentId: string,
  about: {
    readonly intentId?: string;
    readonly status?: OutcomeStatus;
    readonly microUsd?: number;
  },
): void {
  const { intentId = 'i1', status = 'ok', microUsd = null } = about;
  all.when(partitionOf(agentId), {
    type: 'outcome',
    outcome: {
      intentId: intentId as IntentId,
      agentId: agentId as AgentId,
      status,
      tokens: null,
      microUsd,
      durationMs: null,
      resultDigest: null,
      error: null,
      reportedBy: agentId,
    },
  });
}

/** Lets time pass in steps as short as ticks are, with all messages delivered. */
function pass(all: Partitions, ms: number): void {
  for (let left = ms; left > 0; left -= 100) {
    all.atMs += Math.min(100, left);
    for (const { partition } of all.states) all.tick(partition);
    all.settle();
  }
}

/** Spent and reserved of all partitions together. */
function usedOf(all: Partitions): number {
  let used = 0;
  for (const { accountByLimit } of all.states) {
    for (const { kind, spent, reserved } of accountByLimit.values()) {
      if (kind === 'budget') used += spent + reserved;
    }
  }
  return used;
}

describe('a ceiling that agents of several partitions share', () => {
  it('allows exactly as many of 100 concurrent calls as the ceiling says', () => {
    const all = world({ budgets: [sharedCalls(37)] });
    for (const agentId of AGENTS) propose(all, agentId);
    all.settle();
    pass(all, 2_000);
    expect(all.eventsOf('IntentAllowed')).toHaveLength(37);
    expect(all.eventsOf('IntentDenied')).toHaveLength(63);
    expect(usedOf(all)).toBe(37);
  });

  it('decides at once when the slice has room', () => {
    const all = world({ budgets: [sharedCalls(1_000)] });
    propose(all, 'agent-1');
    all.settle();
    const before = all.eventsOf('IntentAwaited').length;
    propose(all, 'agent-5');
    expect(all.eventsOf('IntentAllowed')).toHaveLength(2);
    expect(all.eventsOf('IntentAwaited')).toHaveLength(before);
  });

  it('decides an intent that finds no slice within one round trip', () => {
    const all = world({ budgets: [sharedCalls(1_000)] });
    propose(all, 'agent-1');
    expect(all.eventsOf('IntentAwaited')).toHaveLength(1);
    expect(all.deliver(HOME)).toBe(true);
    expect(all.deliver(1)).toBe(true);
    expect(all.eventsOf('IntentAllowed')).toHaveLength(1);
  });

  it('calls back what others do not use before it says that there is nothing', () => {
    const all = world({ budgets: [sharedCalls(40)] });
    propose(all, 'agent-1');
    all.settle();
    let n = 0;
    const allowed = () => all.eventsOf('IntentAllowed').length;
    for (; allowed() < 40 && n < 60; n += 1) {
      propose(all, 'agent-2', `more-${n}`);
      all.settle();
    }
    expect(allowed()).toBe(40);
    expect(n).toBe(39);
  });

  it('tells who went without when something comes free', () => {
    const all = world({ budgets: [sharedCalls(1)] });
    propose(all, 'agent-1');
    all.settle();
    propose(all, 'agent-2');
    all.settle();
    expect(all.eventsOf('IntentDenied')).toHaveLength(1);
    settleOutcome(all, 'agent-1', { status: 'cancelled' });
    all.settle();
    propose(all, 'agent-2', 'again');
    all.settle();
    expect(all.eventsOf('IntentAllowed')).toHaveLength(2);
  });

  it('denies at once while the home has just said that there is nothing', () => {
    const all = world({ budgets: [sharedCalls(1)] });
    propose(all, 'agent-1');
    propose(all, 'agent-2');
    all.settle();
    pass(all, 400);
    const awaited = all.eventsOf('IntentAwaited').length;
    propose(all, 'agent-2', 'again');
    expect(all.eventsOf('IntentAwaited')).toHaveLength(awaited);
    expect(all.eventsOf('IntentDenied').at(-1)).toMatchObject({
      intentId: 'again',
      reason: 'budget-exhausted',
      message: 'fleet-calls: 0 calls left of 3600000ms, 1 calls needed',
    });
  });

  it('denies an intent whose slice does not come in time', () => {
    const all = world({ budgets: [sharedCalls(10)] });
    propose(all, 'agent-1');
    all.inboxes[HOME]?.splice(0);
    all.atMs += AWAIT_MS - 1;
    all.tick(1);
    expect(all.eventsOf('IntentDenied')).toEqual([]);
    all.atMs += 1;
    all.tick(1);
    expect(all.eventsOf('IntentDenied')).toMatchObject([
      { reason: 'budget-exhausted', message: expect.stringContaining('fleet-calls') },
    ]);
  });

  it('asks again when the ask was lost, and the home counts it once', () => {
    const all = world({ budgets: [sharedCalls(10)] });
    propose(all, 'agent-1');
    all.inboxes[HOME]?.splice(0);
    all.atMs += 1_000;
    all.tick(1);
    all.tick(1);
    expect(all.inboxes[HOME]).toHaveLength(2);
    all.settle();
    expect(all.eventsOf('SliceGranted')).toHaveLength(1);
    expect(all.eventsOf('SliceReceived')).toHaveLength(1);
  });

  it('grants a window of its own to those whose clock is ahead', () => {
    const all = world({ budgets: [sharedCalls(1)] });
    propose(all, 'agent-1');
    all.settle();
    all.atMs += 3_600_000;
    propose(all, 'agent-2');
    all.settle();
    expect(all.eventsOf('IntentAllowed')).toHaveLength(2);
  });

  it('gives back what was not used for a while', () => {
    const all = world({ budgets: [sharedCalls(100)] });
    propose(all, 'agent-1');
    all.settle();
    settleOutcome(all, 'agent-1', {});
    pass(all, 11_000);
    const account = all.states[1]?.accountByLimit.get('budget:fleet-calls');
    expect(account && availableOf(account, refOf(account))).toBe(0);
    const pool = all.states[HOME]?.poolByLimit.get('budget:fleet-calls');
    expect(pool?.windows[0]?.out).toBe(1);
  });

  it('raises at its home, and those who went without hear of it', () => {
    const all = world({ budgets: [sharedCalls(1)], people: [person('dana@example.com', 'admin')] });
    propose(all, 'agent-1');
    propose(all, 'agent-2');
    all.settle();
    const budgetId = 'fleet-calls' as BudgetId;
    all.order(HOME, {
      subject: 'limit:fleet-calls' as SubjectId,
      by: 'dana@example.com',
      body: { type: 'RaiseCeiling', budgetId, raiseBy: 1 },
    });
    all.settle();
    propose(all, 'agent-2', 'again');
    all.settle();
    expect(all.eventsOf('IntentAllowed')).toHaveLength(2);
  });

  it('holds for people who are asked, and gives back when they say no', () => {
    const all = world({
      budgets: [sharedCalls(1)],
      people: [person('dana@example.com', 'approver')],
      rule: askFirst,
    });
    propose(all, 'agent-1');
    all.settle();
    expect(all.eventsOf('ApprovalRequested')).toHaveLength(1);
    expect(usedOf(all)).toBe(1);
    const digest = digestOf({ agentId: 'agent-1', intentId: 'i1' });
    all.order(1, {
      subject: 'agent-1' as SubjectId,
      by: 'dana@example.com',
      body: { type: 'Reject', intentId: 'i1' as IntentId, digest },
    });
    expect(usedOf(all)).toBe(0);
    propose(all, 'agent-2');
    all.settle();
    expect(all.eventsOf('ApprovalRequested')).toHaveLength(2);
  });

  it('waits for calls of a shared rate after people have said yes', () => {
    const all = world({
      rates: [sharedRate(5, 60_000)],
      people: [person('dana@example.com', 'approver')],
      rule: askFirst,
    });
    propose(all, 'agent-1');
    all.settle();
    pass(all, 20_000);
    const digest = digestOf({ agentId: 'agent-1', intentId: 'i1' });
    all.order(1, {
      subject: 'agent-1' as SubjectId,
      by: 'dana@example.com',
      body: { type: 'Approve', intentId: 'i1' as IntentId, digest },
    });
    expect(all.eventsOf('IntentAwaited').at(-1)).toMatchObject({ approved: true });
    all.settle();
    expect(all.eventsOf('IntentAllowed')).toMatchObject([{ reason: 'approved' }]);
  });
});

describe('a rate that agents of several partitions share', () => {
  it('counts all of them in every window, and frees calls as they leave it', () => {
    const all = world({ rates: [sharedRate(10, 60_000)] });
    for (const agentId of AGENTS.slice(0, 30)) propose(all, agentId);
    all.settle();
    pass(all, 1_000);
    expect(all.eventsOf('IntentAllowed')).toHaveLength(10);
    pass(all, 75_000);
    for (const agentId of AGENTS.slice(30, 60)) propose(all, agentId);
    all.settle();
    pass(all, 1_000);
    expect(all.eventsOf('IntentAllowed')).toHaveLength(20);
  });
});

type Step =
  | { readonly do: 'propose'; readonly agent: number; readonly microUsd: number }
  | {
      readonly do: 'outcome';
      readonly nth: number;
      readonly microUsd: number;
      readonly ok: boolean;
    }
  | { readonly do: 'deliver'; readonly partition: number; readonly twice: boolean }
  | { readonly do: 'lose'; readonly partition: number }
  | { readonly do: 'restart'; readonly partition: number }
  | { readonly do: 'pass'; readonly ms: number };

const partitionArb = fc.nat(COUNT - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('propose' as const),
      agent: fc.nat(11),
      microUsd: fc.nat(40),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('outcome' as const),
      nth: fc.nat(20),
      microUsd: fc.nat(60),
      ok: fc.boolean(),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('deliver' as const),
      partition: partitionArb,
      twice: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('lose' as const), partition: partitionArb }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('restart' as const), partition: partitionArb }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      ms: fc.constantFrom(5, 100, 400, 1_000, 11_000, 25_000, 70_000),
    }),
  },
);

/** The calls allowed in any 60 seconds, and what is spent and held, never pass their limits. */
class Ledgers {
  readonly all = world({
    budgets: [{ ...spendBudget('fleet-usd', 200), shared: true }],
    rates: [sharedRate(12, 60_000)],
  });
  readonly #open: { readonly agentId: string; readonly intentId: string }[] = [];
  readonly #allowedAtMs: number[] = [];
  #proposed = 0;

  take(one: Step): void {
    const { all } = this;
    switch (one.do) {
      case 'propose': {
        const agentId = AGENTS[one.agent] ?? '';
        this.#proposed += 1;
        propose(all, agentId, `i${this.#proposed}`, { microUsd: one.microUsd });
        break;
      }
      case 'outcome': {
        const [done] = this.#open.splice(one.nth % Math.max(1, this.#open.length), 1);
        if (done === undefined) break;
        const { agentId, intentId } = done;
        const status = one.ok ? 'ok' : 'cancelled';
        settleOutcome(all, agentId, { intentId, status, microUsd: one.microUsd });
        break;
      }
      case 'deliver':
        if (one.twice) all.deliver(one.partition, true);
        all.deliver(one.partition);
        break;
      case 'lose':
        all.inboxes[one.partition]?.splice(0);
        break;
      case 'restart':
        expect(serializeState(all.rebuilt(one.partition))).toBe(
          serializeState(all.states[one.partition] ?? all.rebuilt(one.partition)),
        );
        break;
      case 'pass':
        all.atMs += one.ms;
        for (const { partition } of all.states) all.tick(partition);
    }
    this.#check();
  }

  #check(): void {
    const { all } = this;
    expect(usedOf(all)).toBeLessThanOrEqual(200);
    const allowed = all.records.flat().filter(({ events }) => events.some(isAllowed));
    for (const { at, events, subject } of allowed.slice(this.#allowedAtMs.length)) {
      this.#allowedAtMs.push(at);
      const intentId =
        events.flatMap((event) => (isAllowed(event) ? [event.intentId] : []))[0] ?? '';
      this.#open.push({ agentId: `${subject}`, intentId });
    }
    const recent = allowed.filter(({ at }) => at > all.atMs - 60_000);
    expect(recent.length).toBeLessThanOrEqual(12);
  }
}

function isAllowed(
  event: AuditRecordEvent,
): event is Extract<AuditRecordEvent, { readonly type: 'IntentAllowed' }> {
  return event.type === 'IntentAllowed';
}

describe('whatever is lost, repeated or late', () => {
  it('is never exceeded at any moment, and every partition rebuilds from its own records', () => {
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 20, maxLength: 150 }),
        fc.nat(99),
        (steps, percent) => {
          const ledgers = new Ledgers();
          for (const one of steps) ledgers.take(one);
          // Once nothing is lost any more, whatever is free can be had again.
          const { all } = ledgers;
          all.atMs += 86_400_000;
          pass(all, 30_000);
          const before = all.eventsOf('IntentAllowed').length;
          for (let n = 0; n < 13; n += 1) propose(all, 'agent-3', `last-${n}`, { microUsd: 16 });
          all.settle();
          pass(all, 1_000);
          expect(all.eventsOf('IntentAllowed')).toHaveLength(before + 12);
          for (const [partition, state] of all.states.entries()) {
            const live = serializeState(state);
            expect(serializeState(all.rebuilt(partition))).toBe(live);
            const records = all.records[partition] ?? [];
            const cut = Math.floor((records.length * percent) / 100);
            const newer = [cut + 3, records.length];
            expect(serializeState(restoredFrom(records, { cut, newer, partition }))).toBe(live);
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});
