import type { HaltId } from '@estop/schemas/ids';
import { describe, expect, it } from 'vitest';
import { lastEvent } from './specification.ts';
import { AGENT, ask, DANA, killAndLift, partitionWith } from './tripped.ts';

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
  it('is taken from the breaker service alone, about an agent of the fleet', () => {
    const partition = partitionWith();
    const body = {
      type: 'TripBreaker',
      mode: 'open',
      until: null,
      signal: 's',
      explanation: 'e',
      evidence: null,
    } as const;
    const refusals = [
      partition.order(body, 'operator@local'),
      partition.order(body, 'service:policy'),
      partition.trip({}, `person:${DANA}`),
      partition.trip({}, 'stranger'),
    ].map((answer) => lastEvent(answer));
    const codes = refusals.map((event) => ('code' in event ? event.code : event));
    expect(codes).toEqual(['forbidden', 'forbidden', 'invalid', 'not-found']);
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
