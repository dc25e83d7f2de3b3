import { describe, expect, it } from 'vitest';
import { askFirst, DENY, type FleetOptions, rate } from './fleet-double.ts';
import { lastEvent, type Partition } from './specification.ts';
import {
  AGENT,
  ask,
  breakerOf,
  changesIn,
  DANA,
  killAndLift,
  partitionWith,
  probe,
  tick,
} from './tripped.ts';

describe('an open breaker', () => {
  it('denies everything, and says when to ask again', () => {
    const partition = partitionWith();
    expect(lastEvent(partition.trip({ until: partition.atMs + 60_000 }))).toMatchObject({
      type: 'BreakerChanged',
      from: 'closed',
      to: 'open',
      cause: 'tripped',
      opens: 1,
      signal: 'loop',
      explanation: 'the same call 40 times',
    });
    partition.after(10_000);
    for (const tool of ['look', 'save']) {
      expect(ask(partition, tool).decided).toMatchObject({
        reason: 'breaker-open',
        retryAfterMs: 50_000,
        message: 'the breaker is open for 50 s: the same call 40 times',
      });
    }
  });

  it('is half-open with the first intent after its time, by an event', () => {
    const partition = partitionWith();
    partition.trip({ until: partition.atMs + 60_000 });
    partition.after(60_000);
    const { events } = ask(partition, 'look');
    expect(events.map(({ type }) => type)).toEqual([
      'IntentProposed',
      'BreakerChanged',
      'IntentAllowed',
    ]);
    expect(changesIn(events)).toMatchObject([
      { from: 'open', to: 'half-open', cause: 'time-over' },
    ]);
    expect(breakerOf(partition)?.probes).toHaveLength(1);
  });

  it('is half-open with the tick after its time, when nobody asks', () => {
    const partition = partitionWith();
    partition.trip({ until: partition.atMs + 60_000 });
    tick(partition.after(59_000));
    expect(breakerOf(partition)?.mode).toBe('open');
    tick(partition.after(1_000));
    expect(breakerOf(partition)?.mode).toBe('half-open');
  });

  it('without an end waits for a person', () => {
    const partition = partitionWith();
    partition.trip({ until: null });
    tick(partition.after(30 * 24 * 3_600_000));
    expect(ask(partition, 'look').decided).toMatchObject({
      reason: 'breaker-open',
      retryAfterMs: null,
      message: 'the breaker is open until a person re-arms it: the same call 40 times',
    });
  });

  it('that trips again is open for the longer of both, and has opened once', () => {
    const partition = partitionWith();
    partition.trip({ until: partition.atMs + 60_000 });
    partition.trip({ until: partition.atMs + 10_000 });
    expect(breakerOf(partition)).toMatchObject({ untilMs: partition.atMs + 60_000, opens: 1 });
    partition.trip({ until: null });
    expect(breakerOf(partition)).toMatchObject({ untilMs: null, opens: 1 });
  });

  it('stands behind halt and suspension, and before the rules', () => {
    const partition = partitionWith({ rule: () => DENY });
    partition.trip();
    expect(ask(partition, 'look').reason).toBe('breaker-open');
    partition.order({ type: 'Suspend' }, 'op@example.com');
    expect(ask(partition, 'look').reason).toBe('agent-suspended');
    partition.halt({ agent: AGENT });
    expect(ask(partition, 'look').reason).toBe('halted');
  });

  it('denies also what people approved', () => {
    const partition = partitionWith({ rule: askFirst });
    const { intentId, reason } = ask(partition, 'save');
    expect(reason).toBe('approval-required');
    partition.trip();
    const { digest = '' } =
      partition.state.agentById.get(AGENT)?.pendingById.get(intentId as never)?.decision ?? {};
    expect(lastEvent(partition.approve(DANA, intentId, digest))).toMatchObject({
      type: 'IntentDenied',
      reason: 'breaker-open',
    });
  });
});

describe('a breaker in step-up', () => {
  it('asks any one approver for every call above read', () => {
    const partition = partitionWith();
    partition.trip({ mode: 'step-up' });
    expect(ask(partition, 'look').reason).toBe('permitted');
    const { intentId, decided } = ask(partition, 'save');
    expect(decided).toMatchObject({
      type: 'ApprovalRequested',
      reason: 'step-up',
      quorum: 1,
      approvers: [],
      rules: ['permit-all'],
      message: 'the breaker asks a person for every call above read: the same call 40 times',
    });
    const { digest = '' } =
      partition.state.agentById.get(AGENT)?.pendingById.get(intentId as never)?.decision ?? {};
    expect(lastEvent(partition.approve(DANA, intentId, digest))).toMatchObject({
      type: 'IntentAllowed',
      reason: 'approved',
    });
  });

  it('keeps what rules deny, and what they ask besides', () => {
    const denying = partitionWith({ rule: () => DENY });
    denying.trip({ mode: 'step-up' });
    expect(ask(denying, 'save').reason).toBe('not-permitted');
    const asking = partitionWith({
      rule: askFirst,
      annotations: { gate: { quorum: 2, approvers: ['leads'], reason: 'writes are looked at' } },
    });
    asking.trip({ mode: 'step-up' });
    expect(ask(asking, 'save').decided).toMatchObject({
      reason: 'step-up',
      quorum: 2,
      approvers: ['leads'],
      message: expect.stringMatching(/same call 40 times; writes are looked at/),
    });
  });

  it('ends by itself, closed', () => {
    const partition = partitionWith();
    partition.trip({ mode: 'step-up', until: partition.atMs + 1_000 });
    partition.after(1_000);
    const { events, reason } = ask(partition, 'save');
    expect(reason).toBe('permitted');
    expect(changesIn(events)).toMatchObject([{ to: 'closed', cause: 'time-over' }]);
  });

  it('holds again when the probes that a kill asks for went well', () => {
    const partition = partitionWith();
    const until = partition.atMs + 3_600_000;
    partition.trip({ mode: 'step-up', until });
    killAndLift(partition, { agent: AGENT });
    for (let n = 0; n < 4; n += 1) probe(partition, 'ok');
    expect(lastEvent(probe(partition, 'ok'))).toMatchObject({
      from: 'half-open',
      to: 'step-up',
      cause: 'probes-passed',
      until,
      signal: 'loop',
      explanation: 'the same call 40 times',
    });
    expect(ask(partition, 'save').reason).toBe('step-up');
    partition.after(3_600_000);
    expect(ask(partition, 'save').reason).toBe('permitted');
  });

  it('holds again after it was open, until a person re-arms it or its own time is over', () => {
    const partition = partitionWith();
    partition.trip({ mode: 'step-up', until: null });
    killAndLift(partition, { agent: AGENT });
    probe(partition, 'error');
    partition.after(30_000);
    for (let n = 0; n < 5; n += 1) probe(partition, 'ok');
    expect(ask(partition, 'save').reason).toBe('step-up');
    partition.trip({ until: partition.atMs + 1_000 });
    partition.rearm('op@example.com');
    expect(ask(partition, 'save').reason).toBe('permitted');
    partition.trip({ mode: 'step-up', until: partition.atMs + 1_000 });
    killAndLift(partition, { agent: AGENT }, 2);
    for (let n = 0; n < 4; n += 1) probe(partition, 'ok');
    partition.after(1_000);
    expect(lastEvent(probe(partition, 'ok'))).toMatchObject({ to: 'closed' });
  });

  it('becomes open, but what is open or half-open never becomes milder', () => {
    const partition = partitionWith();
    partition.trip({ mode: 'step-up' });
    partition.trip({ until: partition.atMs + 1_000 });
    expect(breakerOf(partition)?.mode).toBe('open');
    expect(lastEvent(partition.trip({ mode: 'step-up' }))).toMatchObject({ code: 'conflict' });
    tick(partition.after(1_000));
    expect(breakerOf(partition)?.mode).toBe('half-open');
    expect(lastEvent(partition.trip({ mode: 'step-up' }))).toMatchObject({ code: 'conflict' });
  });
});

describe('a half-open breaker', () => {
  function halfOpen(options: FleetOptions = {}): Partition {
    const partition = partitionWith(options);
    ask(partition, 'look');
    killAndLift(partition, { agent: AGENT });
    return partition;
  }

  it('lets five reads through, and no more and nothing else', () => {
    const partition = halfOpen();
    for (let n = 0; n < 5; n += 1) {
      expect(ask(partition, 'look').reason).toBe('permitted');
      expect(ask(partition, 'save').reason).toBe('breaker-open');
    }
    expect(ask(partition, 'look').decided).toMatchObject({
      reason: 'breaker-open',
      message: expect.stringContaining('5 probes are under way'),
    });
  });

  it('closes when five went well', () => {
    const partition = halfOpen();
    for (let n = 0; n < 4; n += 1)
      expect(lastEvent(probe(partition, 'ok'))).toMatchObject({ type: 'OutcomeRecorded' });
    expect(ask(partition, 'save').reason).toBe('breaker-open');
    expect(lastEvent(probe(partition, 'ok'))).toMatchObject({
      from: 'half-open',
      to: 'closed',
      cause: 'probes-passed',
    });
    expect(ask(partition, 'save').reason).toBe('permitted');
  });

  it.each(['error', 'unknown'] as const)('opens when one ended with %s', (status) => {
    const partition = halfOpen();
    probe(partition, 'ok');
    expect(lastEvent(probe(partition, status))).toMatchObject({
      to: 'open',
      cause: 'probe-failed',
      until: partition.atMs + 30_000,
      explanation: expect.stringContaining(`ended with ${status}`),
    });
  });

  it('gives the place of one that was cancelled to another', () => {
    const partition = halfOpen();
    for (let n = 0; n < 7; n += 1) probe(partition, 'cancelled');
    for (let n = 0; n < 5; n += 1) expect(ask(partition, 'look').reason).toBe('permitted');
    expect(ask(partition, 'look').reason).toBe('breaker-open');
  });

  it('opens when one has no outcome in time, though it holds nothing', () => {
    const partition = halfOpen();
    ask(partition, 'look');
    tick(partition.after(15 * 60_000 - 1_000));
    expect(breakerOf(partition)?.mode).toBe('half-open');
    tick(partition.after(1_000));
    expect(breakerOf(partition)).toMatchObject({
      mode: 'open',
      cause: 'probe-failed',
      explanation: expect.stringContaining('no outcome in time'),
    });
  });

  it('opens when one is denied by what comes after it, and for nothing that comes before', () => {
    const partition = halfOpen({ rates: [rate('r', 2, 60_000)] });
    partition.halt({ agent: AGENT }, { epoch: 2 });
    expect(ask(partition, 'look').reason).toBe('halted');
    partition.halt({ agent: AGENT }, { epoch: 2, lifted: true });
    expect(ask(partition, 'save').reason).toBe('breaker-open');
    probe(partition, 'ok');
    const { events, reason } = ask(partition, 'look');
    expect(reason).toBe('rate-limited');
    expect(events.at(-1)).toMatchObject({
      to: 'open',
      cause: 'probe-failed',
      explanation: expect.stringContaining('was denied: rate-limited'),
    });
  });

  it('stays open twice as long with each failure, up to 15 minutes', () => {
    const partition = halfOpen();
    const openMs: number[] = [];
    for (let n = 0; n < 7; n += 1) {
      probe(partition, 'error');
      const { untilMs } = breakerOf(partition) ?? expect.unreachable();
      openMs.push((untilMs ?? 0) - partition.atMs);
      partition.after(openMs.at(-1) ?? 0);
    }
    expect(openMs).toEqual([30, 60, 120, 240, 480, 900, 900].map((seconds) => seconds * 1_000));
  });

  it('begins anew with 30 s when it did not open for a day', () => {
    const partition = halfOpen();
    probe(partition, 'error');
    partition.after(24 * 3_600_000);
    probe(partition, 'error');
    expect(breakerOf(partition)).toMatchObject({ untilMs: partition.atMs + 30_000, opens: 1 });
  });

  it('counts no outcome of a call from before', () => {
    const partition = partitionWith();
    const before = ask(partition, 'look');
    killAndLift(partition, { agent: AGENT });
    ask(partition, 'look');
    partition.outcome('error', null, { intentId: before.intentId });
    expect(breakerOf(partition)?.mode).toBe('half-open');
  });
});
