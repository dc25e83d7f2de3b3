import type { IntentId } from '@estop/schemas/ids';
import type { AuditRecordEvent } from '@estop/schemas/messages';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_CONFIG } from '../../src/domain/config/breaker-config.ts';
import { MEAN, SERIES } from '../../src/domain/state/layout.ts';
import { newWatch, type Told } from '../../src/domain/watch/agent-watch.ts';
import { CALLS_MAX } from '../../src/domain/watch/calls.ts';
import { foldRecord, tickTo } from '../../src/domain/watch/fold.ts';
import { statisticsOf } from '../../src/domain/watch/statistics.ts';
import { decodeWatch, encodeWatch } from '../../src/domain/watch/watch-codec.ts';
import { AGENT, allowed, breaker, denied, outcome, proposed } from './audit-events.ts';
import { START_MS } from './rig.ts';

const MINUTE_MS = 60_000;
const RULES = { config: DEFAULT_CONFIG, pollIntervalMsByTool: new Map<string, number>() };
/** `given` nothing; records come one after the other; `told` is what was found. */
function rig() {
  const watch = newWatch(AGENT, DEFAULT_CONFIG);
  const told: Told[] = [];
  let ref = 0;
  const record = (afterMs: number, ...events: readonly AuditRecordEvent[]): readonly Told[] => {
    const found = foldRecord(watch, { at: START_MS + afterMs, events, ref }, RULES);
    ref += 1;
    told.push(...found);
    return found;
  };
  return { watch, told, record };
}

describe('an agent in the audit log', () => {
  it('opens when the same call had the same result four times in its session', () => {
    const { record, told } = rig();
    for (const n of [1, 2, 3, 4]) {
      record(n * 1_000, proposed(`i${n}`, { digest: 'sha256:same' }), allowed(`i${n}`));
      record(n * 1_000 + 100, outcome(`i${n}`));
    }
    expect(told).toMatchObject([
      { finding: { signal: 'loop', observed: 4, calls: [7, 5, 3, 1] }, order: { mode: 'open' } },
    ]);
  });

  it('lets calls without a session repeat twice as often', () => {
    const { record, told } = rig();
    for (let n = 1; n <= 8; n += 1) {
      expect(told).toEqual([]);
      const same = { digest: 'sha256:same', session: null };
      record(n * 1_000, proposed(`i${n}`, same), allowed(`i${n}`), outcome(`i${n}`));
    }
    expect(told).toMatchObject([{ finding: { signal: 'loop', observed: 8 } }]);
  });

  it('cannot hide a loop by a session of its own for each call', () => {
    const { record, told } = rig();
    for (let n = 1; n <= 20; n += 1) {
      expect(told).toEqual([]);
      const same = { digest: 'sha256:same', session: `s${n}` };
      record(n * 2_000, proposed(`i${n}`, same), allowed(`i${n}`), outcome(`i${n}`));
    }
    expect(told).toMatchObject([
      { finding: { signal: 'loop', observed: 20 }, order: { mode: 'open' } },
    ]);
  });

  it('may try a failing call four times, and be refused by its own door as often as it is', () => {
    const { record, told } = rig();
    for (let n = 1; n <= 4; n += 1) {
      const failed = outcome(`f${n}`, { status: 'error', resultDigest: null });
      record(n * 4_000, proposed(`f${n}`, { digest: 'sha256:f' }), allowed(`f${n}`), failed);
    }
    for (let n = 1; n <= 30; n += 1) {
      const withdrawn = outcome(`c${n}`, { status: 'cancelled', resultDigest: null });
      const call = [proposed(`c${n}`, { digest: 'sha256:c' }), allowed(`c${n}`), withdrawn];
      record(20_000 + n * 1_000, ...call);
    }
    expect(told).toEqual([]);
  });

  it('may do the same each five minutes without a session', () => {
    const { record, told } = rig();
    for (let n = 1; n <= 100; n += 1) {
      const same = { digest: 'sha256:same', session: null };
      record(n * 5 * MINUTE_MS, proposed(`i${n}`, same), allowed(`i${n}`), outcome(`i${n}`));
    }
    expect(told).toEqual([]);
  });

  it('waits for no call that it was never allowed, and for none that was forgotten', () => {
    const { record, watch } = rig();
    for (let n = 0; n < CALLS_MAX + 20; n += 1) record(n, proposed(`i${n}`), allowed(`i${n}`));
    for (let n = 0; n < CALLS_MAX + 20; n += 1) record(1_000 + n, outcome(`i${n}`));
    expect(statisticsOf(watch.state, DEFAULT_CONFIG).waiting).toBe(0);
    const asked = { ...allowed('p'), type: 'ApprovalRequested' } as AuditRecordEvent;
    record(5_000, proposed('p'), asked);
    record(5_001, proposed('q'), allowed('q'));
    expect(statisticsOf(watch.state, DEFAULT_CONFIG).waiting).toBe(1);
    record(5_002, allowed('p'));
    expect(statisticsOf(watch.state, DEFAULT_CONFIG).waiting).toBe(2);
  });

  it('takes what is done again after hours for a routine', () => {
    const { record, told } = rig();
    for (let n = 1; n <= 24; n += 1) {
      const same = { digest: 'sha256:same' };
      record(n * 2 * 3_600_000, proposed(`i${n}`, same), allowed(`i${n}`), outcome(`i${n}`));
    }
    expect(told).toEqual([]);
  });

  it('is not judged by what a halt, a person or its breaker denied', () => {
    const { record, watch } = rig();
    for (const [n, reason] of ['halted', 'breaker-open', 'approval-rejected'].entries()) {
      record(n, proposed(`i${n}`), denied(`i${n}`, reason));
    }
    expect(statisticsOf(watch.state, DEFAULT_CONFIG).lastHour).toMatchObject({
      calls: 0,
      denials: 0,
    });
    record(10, proposed('other'), denied('other', 'not-permitted'));
    expect(statisticsOf(watch.state, DEFAULT_CONFIG).lastHour).toMatchObject({
      calls: 1,
      denials: 1,
    });
  });

  it('has made one call, whether or not a person had to say yes', () => {
    const { record, watch } = rig();
    record(0, proposed('i1'), { ...allowed('i1'), type: 'ApprovalRequested' } as AuditRecordEvent);
    record(10, allowed('i1'));
    record(20, outcome('i1', { microUsd: 5_000 }));
    expect(statisticsOf(watch.state, DEFAULT_CONFIG).lastHour).toMatchObject({
      calls: 1,
      microUsd: 5_000,
    });
  });

  it('learns nothing while the breaker is open or half-open', () => {
    const { record, watch } = rig();
    record(0, breaker('closed', 'open', 'tripped'));
    const levels = () => watch.state.f32.slice(MEAN, MEAN + SERIES);
    const before = levels();
    for (let n = 0; n < 100; n += 1) record(n * 10_000, proposed(`i${n}`), allowed(`i${n}`));
    expect(watch.ladder.mode).toBe('open');
    expect(levels()).toEqual(before);
  });

  it('is told silent when nothing comes of its calls, by time alone', () => {
    const { record, watch } = rig();
    for (let n = 0; n < 5; n += 1) record(n, proposed(`o${n}`), allowed(`o${n}`), outcome(`o${n}`));
    record(10, proposed('i1'), allowed('i1'));
    expect(tickTo(watch, START_MS + 10 * MINUTE_MS, RULES)).toEqual([]);
    const told = tickTo(watch, START_MS + 11 * MINUTE_MS, RULES);
    expect(told).toMatchObject([
      {
        finding: { signal: 'silence', at: START_MS + 11 * MINUTE_MS },
        order: { mode: 'step-up' },
      },
    ]);
  });

  it('is never silent when it reports no outcomes, though each of its calls runs out', () => {
    const { record, watch, told } = rig();
    for (let n = 0; n < 40; n += 1) {
      record(n * 20 * MINUTE_MS, proposed(`i${n}`), allowed(`i${n}`));
      const ranOut = { type: 'HoldExpired', intentId: `i${n}`, settled: [] };
      record((n * 20 + 15) * MINUTE_MS, ranOut as unknown as AuditRecordEvent);
    }
    expect(told).toEqual([]);
    expect(statisticsOf(watch.state, DEFAULT_CONFIG)).toMatchObject({ waiting: 0 });
  });

  it('shows of a new agent that fifty calls a second are let pass, and later what is usual', () => {
    const { record, watch } = rig();
    record(0, proposed('i0'), allowed('i0'), outcome('i0'));
    expect(statisticsOf(watch.state, DEFAULT_CONFIG).expected.high).toBe(3_000);
    for (let n = 1; n < 30; n += 1) {
      record(n * MINUTE_MS, proposed(`i${n}`), allowed(`i${n}`), outcome(`i${n}`));
    }
    expect(statisticsOf(watch.state, DEFAULT_CONFIG).expected.high).toBeLessThan(200);
  });

  it('may be denied much of what it tries while nobody knows it', () => {
    const { record, told } = rig();
    for (let n = 0; n < 150; n += 1) record(n, proposed(`i${n}`), denied(`i${n}`, 'not-permitted'));
    expect(told).toEqual([]);
  });

  it('remembers a bounded number of calls under way', () => {
    const { record, watch } = rig();
    for (let n = 0; n < CALLS_MAX + 50; n += 1) record(n, proposed(`i${n}`), allowed(`i${n}`));
    expect(watch.calls.size).toBe(CALLS_MAX);
    expect(watch.calls.has('i0' as IntentId)).toBe(false);
  });

  it('is found the same, byte for byte, however time and restarts fall between its records', () => {
    const step = fc.record({
      afterMs: fc.oneof(fc.nat(2_000), fc.nat(40 * MINUTE_MS)),
      kind: fc.constantFrom('call', 'done', 'failed', 'denied', 'open', 'closed'),
      ticks: fc.boolean(),
      restarts: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const straight = rig();
        const other = rig();
        let watch = other.watch;
        const told: Told[] = [];
        let at = 0;
        steps.forEach(({ afterMs, kind, ticks, restarts }, n) => {
          if (ticks) told.push(...tickTo(watch, START_MS + at + Math.floor(afterMs / 2), RULES));
          at += afterMs;
          const events = eventsOf(kind, n);
          straight.record(at, ...events);
          if (restarts) watch = decodeWatch(AGENT, encodeWatch(watch)) ?? watch;
          told.push(...foldRecord(watch, { at: START_MS + at, events, ref: n }, RULES));
        });
        expect(told).toEqual(straight.told);
        expect(encodeWatch(watch)).toEqual(encodeWatch(straight.watch));
      }),
    );
  });
});

function eventsOf(kind: string, n: number): readonly AuditRecordEvent[] {
  const digest = `sha256:${n % 3}`;
  if (kind === 'open') return [breaker('closed', 'open', 'tripped')];
  if (kind === 'closed') return [breaker('open', 'closed', 'rearmed')];
  if (kind === 'denied') return [proposed(`i${n}`, { digest }), denied(`i${n}`, 'forbidden')];
  const call = [proposed(`i${n}`, { digest }), allowed(`i${n}`)];
  if (kind === 'call') return call;
  return [...call, outcome(`i${n}`, kind === 'failed' ? { status: 'error' } : {})];
}
