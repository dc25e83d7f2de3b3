import { describe, expect, it } from 'vitest';
import { createCedarOracle } from '../../src/adapters/cedar/cedar-oracle.ts';
import {
  type CedarResult,
  type CompileOptions,
  compilePolicies,
  evaluate,
} from '../../src/domain/cedar/policy-set.ts';
import type { CedarRequest } from '../../src/domain/cedar/request.ts';
import { randomArithmeticClaim } from './random-arithmetic.ts';
import { randomExpression } from './random-expressions.ts';
import { FUZZ_OPTIONS, randomRequest } from './random-requests.ts';
import { RULE_OPTIONS, randomRuleRequest, randomRules } from './random-rules.ts';
import { createRandomSource, type RandomSource } from './random-source.ts';
import { readPolicies, type TextPolicy } from './read-policies.ts';

const SEED = Number(process.env['ESTOP_FUZZ_SEED'] ?? 20_261_123);
/** More of everything, for long runs by hand. */
const FACTOR = Number(process.env['ESTOP_FUZZ_FACTOR'] ?? 1);
const EXPRESSION_SETS = 250 * FACTOR;
const RULE_SETS = 300 * FACTOR;
const POLICIES_PER_SET = 50;
const REQUESTS_PER_SET = 10;

describe('compiled policies and cedar-wasm', () => {
  it('agree on every policy and request, well-typed or not', { timeout: 120_000 }, () => {
    const random = createRandomSource(SEED);
    const seen = { compared: 0, satisfied: 0, failed: 0 };
    for (let set = 0; set < EXPRESSION_SETS; set += 1) {
      const text = Array.from({ length: POLICIES_PER_SET }, () => randomPermit(random)).join('\n');
      const requests = Array.from({ length: REQUESTS_PER_SET }, () => randomRequest(random));
      const comparison = createComparison(readPolicies(text), FUZZ_OPTIONS);
      for (const request of requests) {
        const result = comparison.compare(request);
        seen.compared += POLICIES_PER_SET;
        seen.satisfied += result.determining.length;
        seen.failed += result.errors.length;
      }
      comparison.close();
    }
    expect(seen.compared).toBe(EXPRESSION_SETS * POLICIES_PER_SET * REQUESTS_PER_SET);
    // The generator must reach all three outcomes often, or agreement would say little.
    expect(seen.satisfied).toBeGreaterThan(seen.compared * 0.1);
    expect(seen.failed).toBeGreaterThan(seen.compared * 0.1);
    expect(seen.compared - seen.satisfied - seen.failed).toBeGreaterThan(seen.compared * 0.1);
  });

  it('agree on whole requests to realistic rules, without and with approval', () => {
    const random = createRandomSource(SEED);
    const seen = { requests: 0, allowed: 0, forbidden: 0, failed: 0 };
    for (let set = 0; set < RULE_SETS; set += 1) {
      const policies = readPolicies(randomRules(random));
      const requests = Array.from({ length: REQUESTS_PER_SET }, () => randomRuleRequest(random));
      const comparison = createComparison(policies, RULE_OPTIONS);
      for (const request of requests) {
        for (const granted of [false, true]) {
          request.context.approval.granted = granted;
          tally(seen, comparison.compare(request));
        }
      }
      comparison.close();
    }
    expect(seen.requests).toBe(RULE_SETS * REQUESTS_PER_SET * 2);
    expect(seen.allowed).toBeGreaterThan(seen.requests * 0.1);
    expect(seen.forbidden).toBeGreaterThan(seen.requests * 0.1);
    expect(seen.failed).toBeGreaterThan(seen.requests * 0.01);
  });
});

interface Tally {
  requests: number;
  allowed: number;
  forbidden: number;
  failed: number;
}

function tally(seen: Tally, { decision, determining, errors }: CedarResult): void {
  seen.requests += 1;
  if (decision === 'allow') seen.allowed += 1;
  if (decision === 'deny' && determining.length > 0) seen.forbidden += 1;
  if (errors.length > 0) seen.failed += 1;
}

/** Only permits: with them, Cedar's answer tells of each policy whether it held or failed. */
function randomPermit(random: RandomSource): string {
  const condition = random.chance(0.05)
    ? randomArithmeticClaim(random)
    : randomExpression(random, 'bool', 1 + random.below(4));
  const clause = random.pick(['when', 'when', 'unless']);
  return `permit(principal, action, resource) ${clause} { ${condition} };`;
}

/** Evaluates by both and fails the test where they differ. */
function createComparison(policies: readonly TextPolicy[], options: CompileOptions) {
  const compiled = compilePolicies(policies, options);
  expect(compiled.fallback).toEqual([]);
  const oracle = createCedarOracle(policies, options);
  return {
    compare(request: CedarRequest): CedarResult {
      const result = evaluate(compiled, request);
      const expected = outcomeOf(oracle.evaluate(request));
      if (JSON.stringify(outcomeOf(result)) !== JSON.stringify(expected)) {
        report(policies, request, { result, expected });
      }
      return result;
    },
    close: oracle.close,
  };
}

function outcomeOf({ decision, determining, errors }: CedarResult): object {
  return { decision, determining, failed: errors.map(({ policyId }) => policyId) };
}

/** Shows the policies about which the two disagree. */
function report(
  policies: readonly TextPolicy[],
  request: CedarRequest,
  { result, expected }: { readonly result: CedarResult; readonly expected: object },
): void {
  const ours = JSON.stringify(outcomeOf(result));
  const differing = policies.filter(
    ({ id }) => ours.split(`"${id}"`).length !== JSON.stringify(expected).split(`"${id}"`).length,
  );
  const shown = (differing.length > 0 ? differing : policies).map(
    ({ id, text }) => `${id} ${text}`,
  );
  const asked = JSON.stringify(request, (_, value) =>
    typeof value === 'bigint' ? `${value}n` : value,
  );
  expect.fail(`${shown.join('\n')}\n${asked}\n${ours}\n${JSON.stringify(expected)}`);
}
