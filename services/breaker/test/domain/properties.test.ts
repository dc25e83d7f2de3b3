import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_CONFIG } from '../../src/domain/config/breaker-config.ts';
import type { Finding } from '../../src/domain/finding.ts';
import { observe, tick } from '../../src/domain/observe.ts';
import type { Sample } from '../../src/domain/sample.ts';
import { decodeState, emptyState, encodeState } from '../../src/domain/state/layout.ts';
import { OK, START_MS } from './rig.ts';

const RUNS = { numRuns: 40 };
const CALL = fc.record({
  agent: fc.nat(3),
  afterMs: fc.oneof(fc.nat(2_000), fc.nat(100_000), fc.constant(4_000_000)),
  tool: fc.constantFrom('search', 'pay', 'send'),
  tier: fc.constantFrom('read', 'write', 'destructive', 'financial'),
  decision: fc.constantFrom('allow', 'deny', 'needs-approval', null),
  status: fc.constantFrom('ok', 'error', 'unknown'),
  microUsd: fc.nat(5_000_000),
  durationMs: fc.option(fc.nat(100_000)),
  argumentsDigest: fc.constantFrom('sha256:a', 'sha256:b'),
  target: fc.nat(50),
});
type Call = typeof CALL extends fc.Arbitrary<infer T> ? T : never;

function samplesOf(calls: readonly Call[]): readonly (readonly [number, Sample])[] {
  let at = START_MS;
  return calls.map((call, ref) => {
    at += call.afterMs;
    const { status, microUsd, durationMs } = call;
    const outcome = { ...OK, status, microUsd, tokens: microUsd % 1_000, durationMs } as const;
    const { tool, decision, argumentsDigest } = call;
    const targets = [`target-${call.target}`];
    const common = { at, ref: ref + 1, session: 's', targets, pollIntervalMs: null };
    const tier = call.tier as Sample['tier'];
    return [call.agent, { ...common, tool, tier, decision, outcome, argumentsDigest }] as const;
  });
}

/** What one agent's calls find, and the bytes they leave. */
function lonely(samples: readonly (readonly [number, Sample])[], agent: number) {
  const state = emptyState(DEFAULT_CONFIG.prior);
  const findings: Finding[] = [];
  for (const [whose, sample] of samples) {
    if (whose === agent) findings.push(...observe(state, sample, DEFAULT_CONFIG));
  }
  return { findings, bytes: encodeState(state) };
}

/** Compared as text: element by element takes a hundred times as long. */
function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

describe('any history', () => {
  it('of one agent leaves what others find and know untouched', () => {
    fc.assert(
      fc.property(fc.array(CALL, { maxLength: 120 }), (calls) => {
        const samples = samplesOf(calls);
        const states = [0, 1, 2, 3].map(() => emptyState(DEFAULT_CONFIG.prior));
        const found: Finding[][] = [[], [], [], []];
        for (const [agent, sample] of samples) {
          const state = states[agent];
          if (state !== undefined) found[agent]?.push(...observe(state, sample, DEFAULT_CONFIG));
        }
        for (const [agent, state] of states.entries()) {
          const alone = lonely(samples, agent);
          expect(found[agent]).toEqual(alone.findings);
          expect(textOf(encodeState(state))).toBe(textOf(alone.bytes));
        }
      }),
      RUNS,
    );
  });

  it('gives the same findings and bytes again, with a restart anywhere in it', () => {
    fc.assert(
      fc.property(fc.array(CALL, { maxLength: 120 }), fc.nat(), (calls, cut) => {
        const samples = samplesOf(calls.map((call) => ({ ...call, agent: 0 })));
        const whole = lonely(samples, 0);
        let state = emptyState(DEFAULT_CONFIG.prior);
        const findings: Finding[] = [];
        for (const [at, [, sample]] of samples.entries()) {
          if (at === cut % samples.length) state = decodeState(encodeState(state)) ?? state;
          findings.push(...observe(state, sample, DEFAULT_CONFIG));
        }
        expect(findings).toEqual(whole.findings);
        expect(textOf(encodeState(state))).toBe(textOf(whole.bytes));
      }),
      RUNS,
    );
  });

  it('leaves no number that is none, and explains what it finds', () => {
    fc.assert(
      fc.property(fc.array(CALL, { maxLength: 120 }), (calls) => {
        const state = emptyState(DEFAULT_CONFIG.prior);
        const findings: Finding[] = [];
        for (const [, sample] of samplesOf(calls)) {
          findings.push(...observe(state, sample, DEFAULT_CONFIG));
          findings.push(...tick(state, sample.at + 400_000, DEFAULT_CONFIG));
        }
        for (const finding of findings) {
          expect(finding.sentence).not.toMatch(/NaN|undefined|Infinity/);
          expect(finding.observed).toBeGreaterThan(finding.expected.high);
          expect(finding.calls.length).toBeLessThanOrEqual(5);
          expect(finding.kind === 'deterministic').toBe(finding.evidence === null);
        }
        expect([...state.f64].some(Number.isNaN)).toBe(false);
      }),
      RUNS,
    );
  });
});
