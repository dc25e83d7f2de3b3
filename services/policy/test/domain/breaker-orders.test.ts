import type { HaltId } from '@estop/schemas/ids';
import { describe, expect, it } from 'vitest';
import { lastEvent } from './specification.ts';
import { AGENT, ask, breakerOf, DANA, killAndLift, partitionWith, probe } from './tripped.ts';

describe('a re-arm', () => {
  it('closes the breaker, says by whom and why, and forgets how often it opened', () => {
    const partition = partitionWith();
    partition.trip();
    expect(lastEvent(partition.rearm('op@example.com', 'the loop is fixed'))).toMatchObject({
      from: 'open',
      to: 'closed',
      cause: 'rearmed',
      opens: 0,
      explanation: 're-armed by op@example.com: the loop is fixed',
    });
    expect(ask(partition, 'save').reason).toBe('permitted');
  });

  it('pays for a kill that the agent was not tried for yet', () => {
    const partition = partitionWith();
    ask(partition, 'look');
    killAndLift(partition, { fleet: true });
    partition.rearm('op@example.com');
    expect(ask(partition, 'save').reason).toBe('permitted');
  });

  it('takes a reason and an operator', () => {
    const partition = partitionWith();
    expect(lastEvent(partition.rearm('op@example.com', null))).toMatchObject({ code: 'invalid' });
    expect(lastEvent(partition.rearm(DANA))).toMatchObject({ code: 'forbidden' });
    expect(lastEvent(partition.rearm('service:breaker'))).toMatchObject({ code: 'forbidden' });
  });
});

describe('a trip', () => {
  it('is taken from the breaker service and from operators, about an agent of the fleet', () => {
    const partition = partitionWith();
    const body = {
      type: 'TripBreaker',
      mode: 'open',
      until: null,
      signal: 's',
      explanation: 'e',
      evidence: null,
      proposesKill: false,
    } as const;
    const refusals = [
      partition.order(body, DANA),
      partition.order(body, 'service:policy'),
      partition.trip({}, `person:${DANA}`),
      partition.trip({}, 'stranger'),
    ].map((answer) => lastEvent(answer));
    const codes = refusals.map((event) => ('code' in event ? event.code : event));
    expect(codes).toEqual(['forbidden', 'forbidden', 'invalid', 'not-found']);
  });

  it('is taken from an operator, as from the breaker service', () => {
    const partition = partitionWith();
    const why = { signal: 'person', explanation: 'tripped by op', evidence: null } as const;
    const body = { type: 'TripBreaker', mode: 'open', until: null, ...why } as const;
    const answer = partition.order({ ...body, proposesKill: false }, 'op@example.com');
    expect(lastEvent(answer)).toMatchObject({ to: 'open', cause: 'tripped', signal: 'person' });
    expect(ask(partition, 'look').reason).toBe('breaker-open');
  });

  it('leaves destructive and financial calls to a person, however well the probes went', () => {
    const partition = partitionWith();
    partition.trip({ until: partition.atMs + 30_000 });
    partition.after(30_000);
    for (let n = 0; n < 5; n += 1) probe(partition, 'ok');
    expect(ask(partition, 'save').reason).toBe('permitted');
    expect(ask(partition, 'wipe').reason).toBe('breaker-open');
    partition.rearm('op@example.com');
    expect(ask(partition, 'wipe').reason).toBe('permitted');
  });

  it('is tried by the numbers of the fleet', () => {
    const terms = { probes: 2, openFirstMs: 5_000, openMaxMs: 8_000 };
    const partition = partitionWith({ breakerTerms: terms });
    partition.trip({ until: partition.atMs + 30_000 });
    partition.after(30_000);
    probe(partition, 'error');
    expect(breakerOf(partition)?.untilMs).toBe(partition.atMs + 8_000);
    partition.after(8_000);
    probe(partition, 'ok');
    probe(partition, 'ok');
    expect(breakerOf(partition)?.mode).toBe('closed');
  });

  it('carries the proposal of a kill until a person re-arms it', () => {
    const partition = partitionWith();
    partition.trip({ proposesKill: true });
    expect(breakerOf(partition)?.proposesKill).toBe(true);
    partition.rearm('op@example.com');
    expect(breakerOf(partition)?.proposesKill).toBe(false);
  });

  it('in too many words trips all the same, and the words are cut', () => {
    const partition = partitionWith();
    const long = { signal: 's'.repeat(129), evidence: 'e'.repeat(16 * 1_024 + 1) };
    const explanation = `${'x'.repeat(1_023)}\u{1F6D1}`;
    expect(lastEvent(partition.trip({ ...long, explanation }))).toMatchObject({
      type: 'BreakerChanged',
      to: 'open',
      signal: 's'.repeat(128),
      explanation: 'x'.repeat(1_023),
      evidence: 'e'.repeat(16 * 1_024),
    });
    expect(ask(partition, 'look').reason).toBe('breaker-open');
  });
});

describe('a report on a halt', () => {
  const report = {
    type: 'ReportHalt',
    haltId: 'h1' as HaltId,
    epoch: 3,
    points: 43,
    confirmed: 41,
    confirmedInMs: 38,
    silent: 2,
    fencedInMs: 1_800,
  } as const;

  it('is a fact about who said it', () => {
    const partition = partitionWith();
    const about = 'person:op@example.com';
    for (const by of ['service:gateway', 'op@example.com']) {
      expect(partition.order(report, by, about)).toMatchObject({
        subject: about,
        events: [{ type: 'CommandAccepted' }, { ...report, type: 'HaltReported' }],
      });
    }
  });

  it('is refused from anybody else, about an agent, or with more points than there are', () => {
    const partition = partitionWith();
    const about = 'person:op@example.com';
    const refusals = [
      partition.order(report, DANA, about),
      partition.order(report, 'service:breaker', about),
      partition.order(report, 'service:gateway', AGENT),
      partition.order({ ...report, silent: 3 }, 'service:gateway', about),
    ].map((answer) => lastEvent(answer));
    const codes = refusals.map((event) => ('code' in event ? event.code : event));
    expect(codes).toEqual(['forbidden', 'forbidden', 'invalid', 'invalid']);
  });
});

describe('a long reason to re-arm', () => {
  it.each([0, 1, 2, 3])(
    'is cut between characters, %i later: the log gives the same state',
    (more) => {
      const partition = partitionWith();
      const head = 're-armed by op@example.com: '.length;
      const reason = `${'x'.repeat(1_022 - head + more)}\u{1F6D1}${'y'.repeat(10)}`;
      const event = lastEvent(partition.rearm('op@example.com', reason));
      expect(JSON.stringify(event)).not.toMatch(/\\ud[89ab]/i);
      expect(event).toMatchObject({ cause: 'rearmed' });
    },
  );
});
