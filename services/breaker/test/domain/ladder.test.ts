import type { BreakerCause, BreakerState } from '@estop/schemas/messages';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_CONFIG } from '../../src/domain/config/breaker-config.ts';
import type { Finding } from '../../src/domain/finding.ts';
import {
  CLOSED_LADDER,
  changed,
  climb,
  isFrozen,
  type Ladder,
  type LadderOwner,
  openForMs,
} from '../../src/domain/ladder/ladder.ts';
import { START_MS } from './rig.ts';

const OWNER: LadderOwner = { agentId: 'billing-bot', config: DEFAULT_CONFIG.ladder };
const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** What happened: something was found, or the log says that the breaker changed. */
type Step =
  | { readonly found: Finding }
  | {
      readonly at: number;
      readonly says: {
        readonly from: BreakerState;
        readonly to: BreakerState;
        readonly cause: BreakerCause;
      };
    };

function given(...steps: readonly Step[]) {
  const ladder = steps.reduce<Ladder>(after, CLOSED_LADDER);
  return {
    ladder,
    when: (step: { readonly found: Finding }) => climb(ladder, step.found, OWNER),
  };
}

function after(ladder: Ladder, step: Step): Ladder {
  return 'found' in step
    ? climb(ladder, step.found, OWNER).ladder
    : changed(ladder, step.says, step.at);
}

function found(afterMs: number, changes: Partial<Finding> = {}): { readonly found: Finding } {
  return {
    found: {
      at: START_MS + afterMs,
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
    },
  };
}

function log(afterMs: number, from: BreakerState, to: BreakerState, cause: BreakerCause): Step {
  return { at: START_MS + afterMs, says: { from, to, cause } };
}

const LOOP = {
  signal: 'loop',
  rule: 'same-result',
  kind: 'deterministic',
  evidence: null,
} as const;

/** Found, opened, and closed again by its probes. */
function opening(afterMs: number): readonly Step[] {
  return [
    found(afterMs, LOOP),
    log(afterMs + 10, 'closed', 'open', 'tripped'),
    log(afterMs + 33_000, 'open', 'half-open', 'time-over'),
    log(afterMs + 40_000, 'half-open', 'closed', 'probes-passed'),
  ];
}

/** Orders that may be given over a breaker that is so. */
const ALLOWED: Readonly<Record<BreakerState, readonly (string | undefined)[]>> = {
  closed: [undefined, 'step-up', 'open'],
  'step-up': [undefined, 'step-up', 'open'],
  open: [undefined],
  'half-open': [undefined, 'open'],
};

describe('the ladder', () => {
  it('asks people on one signal of chance, until no evidence came for ten minutes', () => {
    const { order } = given().when(found(0));
    expect(order).toMatchObject({ mode: 'step-up', until: START_MS + 600_000, opens: 0 });
    const again = given(found(0), log(10, 'closed', 'step-up', 'stepped-up')).when(found(5_000));
    expect(again.order).toMatchObject({ mode: 'step-up', until: START_MS + 605_000 });
  });

  it('opens on a second, independent signal', () => {
    const { order } = given(found(0), log(10, 'closed', 'step-up', 'stepped-up')).when(
      found(MINUTE_MS, { signal: 'novelty' }),
    );
    expect(order?.mode).toBe('open');
  });

  it('opens on two signals of one record, before the log has said anything', () => {
    expect(given(found(0)).when(found(0, { signal: 'novelty' })).order?.mode).toBe('open');
  });

  it('takes calls, money and tokens that rise together for one signal', () => {
    expect(given(found(0)).when(found(MINUTE_MS, { signal: 'spend' })).order?.mode).toBe('step-up');
  });

  it('opens when a burst lasts', () => {
    expect(given(found(0)).when(found(3 * MINUTE_MS, { rule: 'drift' })).order?.mode).toBe('open');
  });

  it('does not add up evidence that is more than ten minutes apart', () => {
    const late = found(11 * MINUTE_MS, { signal: 'novelty' });
    expect(given(found(0)).when(late).order?.mode).toBe('step-up');
  });

  it('opens at once on a rule that is no matter of chance, for thirty seconds and a bit', () => {
    const { order } = given().when(found(0, LOOP));
    expect(order).toMatchObject({ mode: 'open', opens: 1, proposesKill: false });
    expect(order?.until).toBeGreaterThanOrEqual(START_MS + 30 * SECOND_MS);
    expect(order?.until).toBeLessThanOrEqual(START_MS + 33 * SECOND_MS);
  });

  it('orders nothing more while it is open, or is about to be', () => {
    expect(given(found(0, LOOP)).when(found(20, LOOP)).order).toBeNull();
    const open = given(found(0, LOOP), log(10, 'closed', 'open', 'tripped'));
    expect(open.when(found(5_000, LOOP)).order).toBeNull();
    expect(isFrozen(open.ladder)).toBe(true);
  });

  it('orders again when nothing came of an order for a minute', () => {
    expect(given(found(0, LOOP)).when(found(61_000, LOOP)).order?.mode).toBe('open');
  });

  it('opens again on anything that is found while it is half-open, for twice as long', () => {
    const halfOpen = given(
      found(0, LOOP),
      log(10, 'closed', 'open', 'tripped'),
      log(33_000, 'open', 'half-open', 'time-over'),
    );
    const { order } = halfOpen.when(found(34_000));
    expect(order?.mode).toBe('open');
    expect((order?.until ?? 0) - START_MS - 34_000).toBeGreaterThanOrEqual(60 * SECOND_MS);
    expect((order?.until ?? 0) - START_MS - 34_000).toBeLessThanOrEqual(66 * SECOND_MS);
  });

  it('proposes a kill at the third opening within a day, not for openings a day apart', () => {
    const third = given(...opening(0), ...opening(HOUR_MS)).when(found(2 * HOUR_MS, LOOP));
    expect(third.order).toMatchObject({ opens: 3, proposesKill: true });
    const spread = given(...opening(0), ...opening(13 * HOUR_MS)).when(found(26 * HOUR_MS, LOOP));
    expect(spread.order).toMatchObject({ opens: 2, proposesKill: false });
  });

  it('forgets all that was before when a person re-arms it', () => {
    const rearmed = given(...opening(0), log(HOUR_MS, 'closed', 'closed', 'rearmed'));
    expect(rearmed.ladder).toEqual(CLOSED_LADDER);
  });

  it('stays open at most fifteen minutes, agents not all equally long', () => {
    const times = (agentId: string) =>
      [0, 1, 2, 5, 9, 60].map((n) => openForMs(n, { ...OWNER, agentId }));
    expect(times('a').at(-1)).toBe(900_000);
    expect(times('a')).toEqual(times('a'));
    const first = ['a', 'b', 'c', 'd', 'e'].map((agent) => times(agent)[0]);
    expect(new Set(first).size).toBeGreaterThan(2);
  });

  it('never orders anything milder than what the log says, whatever happens', () => {
    const MODES = ['closed', 'step-up', 'open', 'half-open'] as const;
    const step = fc.oneof(
      fc.constantFrom<Partial<Finding>>(LOOP, {}, { signal: 'novelty' }).map((f) => found(0, f)),
      fc
        .tuple(fc.constantFrom(...MODES), fc.constantFrom(...MODES))
        .map(([from, to]) => log(0, from, to, 'time-over')),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(step, fc.nat(1_000_000)), { maxLength: 60 }), (steps) => {
        let at = START_MS;
        let ladder: Ladder = CLOSED_LADDER;
        for (const [one, afterMs] of steps) {
          at += afterMs;
          if ('found' in one) {
            const climbed = climb(ladder, { ...one.found, at }, OWNER);
            expect(ALLOWED[ladder.mode]).toContain(climbed.order?.mode);
            expect((climbed.order?.until ?? at) - at).toBeLessThanOrEqual(900_000);
            ladder = climbed.ladder;
          } else ladder = changed(ladder, one.says, at);
        }
      }),
    );
  });
});
