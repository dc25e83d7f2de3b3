/** Shared limits whose windows turn, are forgotten, or are made longer by a new fleet. */
import type { Fleet, FleetBudget, FleetRate } from '@estop/policy/domain/fleet';
import { bucketOf, usedOf } from '@estop/policy/domain/rate-window';
import { applyToPool } from '@estop/policy/domain/shared/apply-pool';
import { newPool } from '@estop/policy/domain/shared/pool';
import type { LimitId } from '@estop/schemas/ids';
import type { SliceAsk } from '@estop/schemas/messages';
import { describe, expect, it } from 'vitest';
import { callsBudget, createFleetDouble, rate } from './fleet-double.ts';
import { HOME, Partitions } from './partitions.ts';
import { intentInput } from './specification.ts';

const COUNT = 4;
const AGENTS = Array.from({ length: 100 }, (_, n) => `agent-${n}`);

function sharedCalls(ceiling: number): FleetBudget {
  return { ...callsBudget('fleet-calls', ceiling), shared: true };
}

function sharedRate(limit: number, windowMs: number): FleetRate {
  return { ...rate('fleet-rate', limit, windowMs), shared: true };
}

function world(options: Parameters<typeof createFleetDouble>[0]): Partitions {
  return new Partitions(COUNT, createFleetDouble({ agents: AGENTS, ...options }));
}

/** Agents live in partitions by their number. */
function propose(all: Partitions, agentId: string, intentId = 'i1'): void {
  const partition = Number(agentId.slice(agentId.indexOf('-') + 1)) % COUNT;
  all.when(partition, intentInput({ agentId, intentId }));
}

/** Lets time pass in steps as short as ticks are, with all messages delivered. */
function pass(all: Partitions, ms: number): void {
  for (let left = ms; left > 0; left -= 100) {
    all.atMs += Math.min(100, left);
    for (const { partition } of all.states) all.tick(partition);
    all.settle();
  }
}

describe('the windows of a shared limit', () => {
  it.each([
    ['longer ones', { kind: 'duration', windowMs: 86_400_000 }],
    ['a lifetime', { kind: 'lifetime' }],
    ['months', { kind: 'month' }],
  ] as const)('goes on when its windows become %s, which began before', (_, window) => {
    const all = world({ budgets: [sharedCalls(3)] });
    for (const agentId of ['agent-0', 'agent-1']) propose(all, agentId);
    all.settle();
    const budgets = [{ ...sharedCalls(3), window }];
    all.fleet = createFleetDouble({ agents: AGENTS, budgets });
    for (const agentId of AGENTS.slice(4, 12)) propose(all, agentId);
    all.settle();
    pass(all, 2_000);
    // A new kind of window begins with nothing used, as a ceiling of one agent's own does.
    expect(all.eventsOf('IntentAllowed')).toHaveLength(2 + 3);
  });

  it('frees all calls of a shared rate when a fleet has made its window longer', () => {
    const all = world({ rates: [sharedRate(8, 60_000)] });
    for (const agentId of ['agent-1', 'agent-5']) propose(all, agentId);
    all.settle();
    all.fleet = createFleetDouble({ agents: AGENTS, rates: [sharedRate(8, 3_600_000)] });
    // The next ask reports the calls so far, under the new length.
    for (const agentId of ['agent-9', 'agent-13', 'agent-17']) propose(all, agentId);
    all.settle();
    pass(all, 12_000);
    const before = all.eventsOf('IntentAllowed').length;
    all.atMs += 2 * 3_600_000;
    for (const agentId of AGENTS.slice(20, 40)) propose(all, agentId);
    all.settle();
    pass(all, 2_000);
    expect(all.eventsOf('IntentAllowed')).toHaveLength(before + 8);
  });

  it('grants no call of a shared rate again when a fleet has made its window shorter', () => {
    const all = world({ rates: [sharedRate(8, 3_600_000)] });
    for (const agentId of AGENTS.slice(4, 12)) propose(all, agentId);
    all.settle();
    pass(all, 2_000);
    expect(all.eventsOf('IntentAllowed')).toHaveLength(8);
    all.fleet = createFleetDouble({ agents: AGENTS, rates: [sharedRate(8, 600_000)] });
    all.atMs += 60_000;
    for (const agentId of AGENTS.slice(20, 40)) propose(all, agentId);
    all.settle();
    pass(all, 12_000);
    expect(all.eventsOf('IntentAllowed')).toHaveLength(8);
    all.atMs += 2 * 600_000;
    for (const agentId of AGENTS.slice(40, 60)) propose(all, agentId);
    all.settle();
    pass(all, 12_000);
    expect(all.eventsOf('IntentAllowed')).toHaveLength(16);
  });

  it('grants nothing in a window that is over and forgotten', () => {
    const all = world({ budgets: [sharedCalls(5)] });
    propose(all, 'agent-1');
    const late = all.inboxes[HOME]?.[0];
    all.settle();
    for (let hour = 0; hour < 3; hour += 1) {
      all.atMs += 3_600_000;
      propose(all, 'agent-1', `later-${hour}`);
      all.settle();
    }
    if (late?.type !== 'RequestSlice') throw new Error('the first message is an ask');
    const sequence =
      1 +
      (all.states[HOME]?.poolByLimit.values().next().value?.partyByPartition.get(2)?.sequence ?? 0);
    const ask = { ...late.ask, partition: 2, sequence };
    all.inboxes[HOME]?.push({ type: 'RequestSlice', ask });
    all.deliver(HOME);
    expect(all.eventsOf('SliceGranted').at(-1)).toMatchObject({
      answer: { partition: 2, amount: 0 },
    });
  });

  it('is not granted again when fleets with other windows came between', () => {
    const all = world({ budgets: [sharedCalls(3)] });
    const hours = all.fleet;
    const shorter = [10, 20].map((minutes) => {
      const window = { kind: 'duration', windowMs: minutes * 60_000 } as const;
      return createFleetDouble({ agents: AGENTS, budgets: [{ ...sharedCalls(3), window }] });
    });
    // Within one hour, and in windows that all began at different times.
    all.atMs += 3_600_000 - (all.atMs % 3_600_000);
    const askAll = (fleet: Fleet, round: string) => {
      all.fleet = fleet;
      const before = all.eventsOf('IntentAllowed').length;
      for (const agentId of AGENTS.slice(4, 12)) propose(all, agentId, round);
      all.settle();
      pass(all, 2_000);
      return all.eventsOf('IntentAllowed').length - before;
    };
    expect(askAll(hours, 'first')).toBe(3);
    const [tens, twenties] = shorter;
    if (tens === undefined || twenties === undefined) throw new Error('two fleets');
    all.atMs += 11 * 60_000;
    expect(askAll(tens, 'tens')).toBe(3);
    all.atMs += 10 * 60_000;
    expect(askAll(twenties, 'twenties')).toBe(3);
    expect(askAll(tens, 'tens-again')).toBe(0);
    expect(askAll(hours, 'hours-again')).toBe(0);
    all.atMs += 3_600_000;
    expect(askAll(hours, 'next-hour')).toBe(3);
  });

  it('counts no call of a shared rate twice when there are more sub-windows than are kept', () => {
    const limit = 1_000;
    const windowMs = 600;
    const all = world({ rates: [sharedRate(limit, windowMs)] });
    // One call in each sub-window, until the slice is half used and the calls are reported.
    for (let call = 0; call < 400; call += 1) {
      propose(all, 'agent-1', `slow-${call}`);
      all.settle();
      all.atMs += windowMs / 60;
    }
    pass(all, 2 * windowMs);
    const before = all.eventsOf('IntentAllowed').length;
    for (let call = 0; call < limit; call += 1) {
      propose(all, 'agent-1', `one-${call}`);
      propose(all, 'agent-2', `other-${call}`);
      all.settle();
    }
    expect(all.eventsOf('IntentAllowed').length - before).toBeLessThanOrEqual(limit);
  });

  it('uncounts no call of a shared rate while partitions hear of another length in turn', () => {
    const pool = newPool('rate', 'fleet-rate' as LimitId);
    const atMs = 86_400_000;
    const ask = (partition: number, windowMs: number, calls: number): SliceAsk => ({
      ...({ kind: 'rate', limitId: 'fleet-rate' as LimitId, windowStart: 0, windowMs } as const),
      ...{ partition, sequence: 1, need: 0, least: 0, returned: 0, answersRecall: false },
      uses: calls === 0 ? [] : [{ bucket: bucketOf(windowMs, atMs), calls }],
    });
    const about = { kind: 'rate', limitId: 'fleet-rate' as LimitId, windowStart: 0 } as const;
    const grant = { ...about, partition: 1, sequence: 0, amount: 8, free: 0, dryUntil: null };
    applyToPool(pool, { type: 'SliceGranted', answer: grant }, atMs);
    const used: (number | undefined)[] = [];
    for (const [partition, windowMs, calls] of [
      [1, 1_800_000, 5],
      [2, 3_600_000, 0],
      [3, 1_800_000, 0],
    ] as const) {
      applyToPool(pool, { type: 'SliceAsked', ask: ask(partition, windowMs, calls) }, atMs);
      used.push(pool.used === null ? undefined : usedOf(pool.used, atMs));
    }
    expect(used).toEqual([5, 5, 5]);
  });
});
