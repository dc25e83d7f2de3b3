import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_CONFIG } from '../../src/domain/config/breaker-config.ts';
import type { Finding } from '../../src/domain/finding.ts';
import {
  climb,
  closedLadder,
  type Ladder,
  type LadderEvent,
  type LadderOwner,
  type Order,
  openForMs,
  passageOf,
} from '../../src/domain/ladder/ladder.ts';
import { START_MS } from './rig.ts';

const OWNER: LadderOwner = { agentId: 'billing-bot', config: DEFAULT_CONFIG.ladder };
const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;

/** `given(events)` have happened; `when(event)` happens; `then` looks at what follows. */
function given(...events: readonly LadderEvent[]) {
  let ladder = closedLadder(START_MS);
  for (const event of events) ladder = climb(ladder, event, OWNER).ladder;
  return {
    ladder,
    when: (event: LadderEvent) => climb(ladder, event, OWNER),
  };
}

function found(afterMs: number, changes: Partial<Finding> = {}): LadderEvent {
  const at = START_MS + afterMs;
  const finding: Finding = {
    at,
    signal: 'volume',
    rule: 'window-tail',
    kind: 'statistical',
    tier: null,
    windowMs: MINUTE_MS,
    expected: { low: 0, high: 20 },
    observed: 90,
    evidence: '1e-6',
    sentence: '90 calls within a minute',
    calls: [],
    ...changes,
  };
  return { type: 'finding', at, finding };
}

const LOOP = {
  signal: 'loop',
  rule: 'same-result',
  kind: 'deterministic',
  evidence: null,
} as const;
const tick = (afterMs: number): LadderEvent => ({ type: 'tick', at: START_MS + afterMs });
const probe = (afterMs: number, isClean = true): LadderEvent => {
  return { type: 'probe', at: START_MS + afterMs, isClean };
};
const rearm = (afterMs: number): LadderEvent => ({ type: 'rearm', at: START_MS + afterMs });

function typesOf(orders: readonly Order[]): readonly string[] {
  return orders.map(({ type }) => type);
}

describe('the ladder', () => {
  it('asks people for every write on one signal of chance', () => {
    const { ladder, orders } = given().when(found(0));
    expect(orders).toEqual([
      { type: 'step-up', until: START_MS + 600_000, reason: '90 calls within a minute' },
    ]);
    expect(passageOf(ladder, 'read')).toBe('pass');
    expect(passageOf(ladder, 'write')).toBe('ask');
    expect(passageOf(ladder, 'financial')).toBe('ask');
  });

  it('closes again when no evidence came for ten minutes', () => {
    const before = given(found(0), found(MINUTE_MS));
    expect(before.when(tick(600_000)).orders).toEqual([]);
    const { ladder, orders } = before.when(tick(660_000));
    expect(typesOf(orders)).toEqual(['close']);
    expect(passageOf(ladder, 'financial')).toBe('pass');
  });

  it('opens on a second, independent signal, and lets nothing pass', () => {
    const { ladder, orders } = given(found(0)).when(found(MINUTE_MS, { signal: 'novelty' }));
    expect(typesOf(orders)).toEqual(['open']);
    for (const tier of ['read', 'write', 'destructive', 'financial'] as const) {
      expect(passageOf(ladder, tier)).toBe('deny');
    }
  });

  it('takes calls, money and tokens that rise together for one signal', () => {
    const { orders } = given(found(0)).when(found(MINUTE_MS, { signal: 'spend' }));
    expect(typesOf(orders)).toEqual(['step-up']);
  });

  it('opens when a burst lasts', () => {
    const { orders } = given(found(0)).when(found(3 * MINUTE_MS, { rule: 'drift' }));
    expect(typesOf(orders)).toEqual(['open']);
  });

  it('does not add up evidence that is more than ten minutes apart', () => {
    const late = found(11 * MINUTE_MS, { signal: 'novelty' });
    expect(typesOf(given(found(0)).when(late).orders)).toEqual(['step-up']);
  });

  it('opens at once on a rule that is no matter of chance', () => {
    expect(typesOf(given().when(found(0, LOOP)).orders)).toEqual(['open']);
  });

  it('becomes half-open after thirty seconds and a bit, with reads as probes', () => {
    const before = given(found(0, LOOP));
    expect(before.ladder.until).toBeGreaterThanOrEqual(START_MS + 30 * SECOND_MS);
    expect(before.ladder.until).toBeLessThanOrEqual(START_MS + 33 * SECOND_MS);
    expect(before.when(tick(29 * SECOND_MS)).orders).toEqual([]);
    const { ladder, orders } = before.when(tick(33 * SECOND_MS));
    expect(orders).toEqual([{ type: 'half-open', probes: 5 }]);
    expect(passageOf(ladder, 'read')).toBe('probe');
    expect(passageOf(ladder, 'write')).toBe('ask');
    expect(passageOf(ladder, 'destructive')).toBe('deny');
  });

  it('closes after five clean probes, and what is grave waits for a person', () => {
    const halfOpen = [found(0, LOOP), tick(33_000)];
    const four = [1, 2, 3, 4].map((n) => probe(33_000 + n));
    expect(given(...halfOpen, ...four).ladder.status).toBe('half-open');
    const { ladder, orders } = given(...halfOpen, ...four).when(probe(34_000));
    expect(typesOf(orders)).toEqual(['close']);
    expect(passageOf(ladder, 'write')).toBe('pass');
    expect(passageOf(ladder, 'financial')).toBe('deny');
    expect(passageOf(ladder, 'destructive')).toBe('deny');
    const rearmed = given(...halfOpen, ...four, probe(34_000)).when(rearm(40_000));
    expect(passageOf(rearmed.ladder, 'financial')).toBe('pass');
  });

  it('opens again on any anomaly of a probe, for twice as long', () => {
    const halfOpen = [found(0, LOOP), tick(33_000)];
    for (const event of [probe(34_000, false), found(34_000)]) {
      const { ladder, orders } = given(...halfOpen).when(event);
      expect(typesOf(orders)).toEqual(['open']);
      expect(ladder.until - ladder.since).toBeGreaterThanOrEqual(60 * SECOND_MS);
      expect(ladder.until - ladder.since).toBeLessThanOrEqual(66 * SECOND_MS);
    }
  });

  it('proposes a kill at the third opening within a day, not for openings a day apart', () => {
    const cycle = (afterMs: number) => [found(afterMs, LOOP), tick(afterMs + 900_000)];
    const hour = 3_600_000;
    const third = given(...cycle(0), ...cycle(hour)).when(found(2 * hour, LOOP));
    expect(typesOf(third.orders)).toEqual(['open', 'propose-kill']);
    const spread = given(...cycle(0), ...cycle(13 * hour)).when(found(26 * hour, LOOP));
    expect(typesOf(spread.orders)).toEqual(['open']);
  });

  it('opens on a word of a person, and closes on one whatever it was', () => {
    const tripped = given().when({ type: 'trip', at: START_MS, reason: 'asked by dana' });
    expect(tripped.orders).toMatchObject([{ type: 'open', reason: 'asked by dana' }]);
    expect(given(found(0, LOOP)).when(rearm(1_000)).ladder).toEqual(closedLadder(START_MS + 1_000));
  });

  it('stays open at most fifteen minutes, agents not all equally long', () => {
    const times = (agentId: string) =>
      [0, 1, 2, 5, 9, 60].map((n) => openForMs(n, { ...OWNER, agentId }));
    expect(times('a').at(-1)).toBe(900_000);
    expect(times('a')).toEqual(times('a'));
    expect(new Set(['a', 'b', 'c', 'd', 'e'].map((agent) => times(agent)[0])).size).toBeGreaterThan(
      2,
    );
  });

  it('never lets a grave call pass between an opening and a person, whatever happens', () => {
    const event = fc.oneof(
      fc.constantFrom<Partial<Finding>>(LOOP, {}, { signal: 'novelty' }).map((f) => found(0, f)),
      fc.boolean().map((isClean) => probe(0, isClean)),
      fc.constant(tick(0)),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(event, fc.nat(1_000_000)), { maxLength: 60 }), (steps) => {
        let at = START_MS;
        let ladder: Ladder = closedLadder(at);
        let hasOpened = false;
        for (const [step, afterMs] of steps) {
          at += afterMs;
          const climbed = climb(ladder, { ...step, at }, OWNER);
          ladder = climbed.ladder;
          hasOpened ||= climbed.orders.some(({ type }) => type === 'open');
          if (hasOpened) expect(passageOf(ladder, 'financial')).toBe('deny');
          if (ladder.status === 'open')
            expect(ladder.until - ladder.since).toBeLessThanOrEqual(900_000);
        }
      }),
    );
  });
});
