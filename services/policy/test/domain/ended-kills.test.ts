import { agentView } from '@estop/policy/domain/agent-view';
import { endedHalts } from '@estop/policy/domain/halts';
import { takeDue } from '@estop/policy/domain/schedule';
import { serializeState } from '@estop/policy/domain/serialize';
import type { GroupName, SubjectId } from '@estop/schemas/ids';
import { describe, expect, it } from 'vitest';
import { ALLOW } from './fleet-double.ts';
import { restoredFrom } from './restored.ts';
import {
  AGENT,
  ask,
  breakerOf,
  changesIn,
  killAndLift,
  partitionWith,
  probe,
  tick,
} from './tripped.ts';

describe('a kill that is lifted', () => {
  const AGENTS = ['billing-bot', 'crm-bot'];

  it('brings back its agent half-open with the next tick', () => {
    const partition = partitionWith();
    ask(partition, 'look');
    killAndLift(partition, { agent: AGENT });
    tick(partition.after(1_000));
    expect(breakerOf(partition)).toMatchObject({
      mode: 'half-open',
      cause: 'kill-lifted',
      explanation: 'kill k1 (epoch 1) is over, by root@example.com',
    });
  });

  it('brings back its agent with the next tick also of who restores a snapshot', () => {
    const partition = partitionWith();
    ask(partition, 'look');
    killAndLift(partition, { agent: AGENT });
    const cut = partition.records.length;
    const restored = restoredFrom(partition.records, { cut, newer: [] });
    expect(takeDue(restored.schedule, partition.atMs + 1_000, 10)).toContain(AGENT);
  });

  it.each([
    { fleet: true },
    { group: 'finance' as GroupName },
    { agent: AGENT },
    { tool: 'look' as never },
    { agent: AGENT, tool: 'look' as never },
  ])('of %o brings back whom it covered half-open with the next call, once', (scope) => {
    const partition = partitionWith({ agents: AGENTS });
    ask(partition, 'look');
    killAndLift(partition, scope);
    expect(changesIn(ask(partition, 'look').events)).toMatchObject([{ cause: 'kill-lifted' }]);
    expect(changesIn(ask(partition, 'look').events)).toEqual([]);
    partition.rearm('op@example.com');
    expect(ask(partition, 'save').reason).toBe('permitted');
    killAndLift(partition, scope, 2);
    expect(changesIn(ask(partition, 'look').events)).toMatchObject([{ cause: 'kill-lifted' }]);
  });

  it('of one agent or tool changes nobody else', () => {
    const partition = partitionWith({ agents: AGENTS });
    killAndLift(partition, { agent: AGENT });
    killAndLift(partition, { tool: 'wipe' as never });
    expect(ask(partition, 'save', 'crm-bot').reason).toBe('permitted');
  });

  it('counts also when nobody asked while it stood', () => {
    const partition = partitionWith();
    ask(partition, 'look');
    killAndLift(partition, { fleet: true });
    partition.after(90 * 24 * 3_600_000);
    expect(ask(partition, 'save').reason).toBe('breaker-open');
  });

  it('is not owed by an agent that came after it, unless it names the agent', () => {
    const partition = partitionWith({ agents: AGENTS });
    killAndLift(partition, { fleet: true });
    killAndLift(partition, { tool: 'save' as never });
    expect(ask(partition, 'save').reason).toBe('permitted');
    expect(ask(partition, 'save').reason).toBe('permitted');
    killAndLift(partition, { agent: 'crm-bot' as never });
    partition.order(
      { type: 'SetCeiling', budgetId: 'none' as never, ceiling: 1 },
      'op@example.com',
      'crm-bot',
    );
    expect(ask(partition, 'save', 'crm-bot').reason).toBe('breaker-open');
  });

  it('is owed by an agent whose calls it denied, however new the agent was', () => {
    const partition = partitionWith();
    const word = { mode: 'kill', epoch: 1 } as const;
    partition.halt({ fleet: true }, word);
    expect(ask(partition, 'save').reason).toBe('halted');
    partition.halt({ fleet: true }, { ...word, lifted: true });
    expect(ask(partition, 'save').reason).toBe('breaker-open');
  });

  it('that ends with its time stands until the tick that says so', () => {
    const partition = partitionWith();
    const until = partition.atMs + 5_000;
    partition.halt({ fleet: true }, { mode: 'kill', until });
    partition.after(5_500);
    expect(ask(partition, 'look').reason).toBe('halted');
    for (const input of endedHalts(partition.state, partition.atMs)) partition.when(input);
    expect(ask(partition, 'save').reason).toBe('breaker-open');
  });

  it('is not got around by a pause in its place', () => {
    const partition = partitionWith();
    ask(partition, 'look');
    partition.halt({ fleet: true }, { mode: 'kill', epoch: 1 });
    partition.halt({ fleet: true }, { mode: 'pause', epoch: 2 });
    partition.halt({ fleet: true }, { mode: 'pause', epoch: 2, lifted: true });
    expect(ask(partition, 'save').reason).toBe('breaker-open');
  });

  it('makes an open breaker no milder, and is paid for when that is tried', () => {
    const partition = partitionWith();
    partition.trip({ until: partition.atMs + 60_000 });
    killAndLift(partition, { fleet: true });
    expect(ask(partition, 'look').reason).toBe('breaker-open');
    partition.after(60_000);
    for (let n = 0; n < 5; n += 1) probe(partition, 'ok');
    expect(ask(partition, 'save').reason).toBe('permitted');
  });

  it('of another mode changes no breaker', () => {
    const partition = partitionWith();
    partition.halt({ fleet: true }, { mode: 'drain' });
    partition.halt({ fleet: true }, { mode: 'drain', lifted: true });
    expect(ask(partition, 'save').reason).toBe('permitted');
  });
});

describe('the state of a breaker', () => {
  it('is the same rebuilt, restored from a snapshot at any record, and as the view shows it', () => {
    const partition = partitionWith({ rule: () => ALLOW });
    ask(partition, 'look');
    killAndLift(partition, { fleet: true });
    probe(partition, 'ok');
    ask(partition, 'look');
    killAndLift(partition, { agent: AGENT }, 2);
    tick(partition.after(1_000));
    probe(partition, 'error');
    const text = serializeState(partition.state);
    expect(serializeState(partition.rebuilt())).toBe(text);
    for (let cut = 1; cut <= partition.records.length; cut += 1) {
      const restored = restoredFrom(partition.records, { cut, newer: [cut + 2] });
      expect(serializeState(restored)).toBe(text);
      expect(takeDue(restored.schedule, partition.atMs + 30_000, 10)).toContain(AGENT);
    }
    const about = { subject: AGENT as string as SubjectId, record: { partition: 0, offset: 0 } };
    expect(agentView(partition.state, partition.fleet, about).breaker).toMatchObject({
      mode: 'open',
      since: partition.atMs,
      until: partition.atMs + 30_000,
      opens: 1,
      probes: 0,
      passed: 0,
      cause: 'probe-failed',
      signal: null,
    });
  });
});
