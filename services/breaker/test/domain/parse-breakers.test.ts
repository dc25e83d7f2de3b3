import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_CONFIG } from '../../src/domain/config/breaker-config.ts';
import { parseBreakers } from '../../src/domain/config/parse-breakers.ts';
import { resolveConfig } from '../../src/domain/config/resolve-config.ts';

const AGENT = { agentId: 'billing-bot', groups: ['finance', 'staff'] };

function resolved(value: unknown) {
  const parsed = parseBreakers(value);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return resolveConfig(parsed.file, AGENT);
}

/** The problems of a file, as lines. */
function problemsOf(value: unknown): readonly string[] {
  const parsed = parseBreakers(value);
  return parsed.ok ? [] : parsed.problems.map(({ place, message }) => `${place}: ${message}`);
}

describe('breakers.yaml', () => {
  it('needs to say nothing', () => {
    expect(resolved({})).toEqual(DEFAULT_CONFIG);
    expect(resolved({ defaults: {}, agents: { 'billing-bot': {} } })).toEqual(DEFAULT_CONFIG);
  });

  it('lays groups over defaults, and the agent over them all', () => {
    const config = resolved({
      defaults: { sensitivity: 2, prior: { callsPerMinute: 5 }, loops: { sameResult: 5 } },
      groups: {
        finance: { sensitivity: 3, signals: { silence: false }, loops: { errors: 8 } },
        staff: { sensitivity: 0.5 },
        other: { shadow: true },
      },
      agents: { 'billing-bot': { ladder: { probes: 3, halfOpenAfter: '1m' } } },
    });
    expect(config).toMatchObject({ sensitivity: 0.5, shadow: false });
    expect(config.prior).toEqual({ callsPerMinute: 5, dispersion: 4 });
    expect(config.loops).toMatchObject({ sameResult: 5, errors: 8, sameCall: 6 });
    expect(config.signals).toMatchObject({ silence: false, loop: true });
    expect(config.ladder).toMatchObject({ probes: 3, halfOpenAfterMs: 60_000, opensToKill: 3 });
  });

  it('adds up thresholds', () => {
    const spend = { measure: 'spend', limit: 5_000_000, window: '1h' };
    const errors = { measure: 'error-rate', limit: 500, window: '1m', callsMin: 10 };
    const config = resolved({
      defaults: { thresholds: [spend] },
      agents: { 'billing-bot': { thresholds: [errors] } },
    });
    expect(config.thresholds).toEqual([
      { measure: 'spend', limit: 5_000_000, windowMs: 3_600_000, callsMin: 20 },
      { measure: 'error-rate', limit: 500, windowMs: 60_000, callsMin: 10 },
    ]);
  });

  it('says which tools may be polled, and how often', () => {
    const parsed = parseBreakers({ polling: { 'ci.status': '30s' } });
    expect(parsed).toMatchObject({ ok: true });
    expect(parsed.ok && parsed.file.polling).toEqual(new Map([['ci.status', 30_000]]));
    expect(problemsOf({ polling: { 'ci.status': 30 } })).toEqual([
      'polling.ci.status: must be a time from 1s to 30d, such as 30s or 15m, not 30',
    ]);
  });

  it.each([
    [[], 'breakers.yaml: must be a map, not a list'],
    [
      { agent: {} },
      'breakers.yaml: has no "agent"; it may have: defaults, groups, agents, polling',
    ],
    [
      { defaults: { sensitivity: 0 } },
      'defaults.sensitivity: must be a number from 0.01 to 1000, not 0',
    ],
    [{ defaults: { shadow: 'yes' } }, 'defaults.shadow: must be true or false, not "yes"'],
    [
      { defaults: { loops: { errors: 2.5 } } },
      'defaults.loops.errors: must be a whole number from 2 to 16, not 2.5',
    ],
    [
      { agents: { a: { ladder: { killWindow: '99d' } } } },
      'agents.a.ladder.killWindow: must be a time from 1s to 30d, such as 30s or 15m, not "99d"',
    ],
    [
      { defaults: { thresholds: [{ measure: 'cost', limit: 1, window: '1h' }] } },
      'defaults.thresholds[0].measure: must be one of calls, spend, error-rate, deny-rate, not "cost"',
    ],
    [
      { defaults: { thresholds: [{ measure: 'calls', limit: 65_535, window: '1m' }] } },
      'defaults.thresholds[0].limit: must be a whole number from 1 to 65534, not 65535',
    ],
    [
      { defaults: { thresholds: [{ measure: 'calls', window: '1m' }] } },
      'defaults.thresholds[0]: needs "limit"',
    ],
  ])('says what is wrong with %j', (value, problem) => {
    expect(problemsOf(value)).toEqual([problem]);
  });

  it('takes any value without an exception', () => {
    fc.assert(
      fc.property(fc.anything({ maxDepth: 4 }), (value) => {
        parseBreakers(value);
        parseBreakers({ defaults: value });
        parseBreakers({ agents: { a: value } });
      }),
    );
  });
});
