import { describe, expect, it } from 'vitest';
import {
  type CedarResult,
  compilePolicies,
  evaluate,
  needsFallback,
} from '../../src/domain/cedar/policy-set.ts';
import type { CedarRequest } from '../../src/domain/cedar/request.ts';
import {
  type CedarRecord,
  type CedarValue,
  DecimalValue,
  EntityUid,
} from '../../src/domain/cedar/values.ts';
import { readPolicies } from './read-policies.ts';

const ACTIONS = {
  actionGroups: new Map([
    ['crm.read', ['tier-read']],
    ['crm.delete', ['tier-destructive']],
  ]),
  unknownActionGroups: ['tier-destructive'],
};

function requestOf(context: CedarRecord, action = 'crm.read'): CedarRequest {
  return {
    principal: {
      uid: new EntityUid('Agent', 'billing-bot'),
      parents: [new EntityUid('Group', 'finance')],
      attributes: { owner: 'dana@example.com' },
    },
    action,
    resource: { uid: new EntityUid('Tool', action) },
    context,
  };
}

function decide(policies: string, request: CedarRequest): CedarResult {
  return evaluate(compilePolicies(readPolicies(policies), ACTIONS), request);
}

/** `true`, `false` or `error`: what one condition comes to. */
function outcomeOf(condition: string, context: CedarRecord = {}): boolean | 'error' {
  const result = decide(
    `permit(principal, action, resource) when { ${condition} };`,
    requestOf(context),
  );
  return result.errors.length > 0 ? 'error' : result.decision === 'allow';
}

describe('a decision', () => {
  it('is deny when nothing permits', () => {
    const result = decide('', requestOf({}));
    expect(result).toEqual({ decision: 'deny', determining: [], errors: [] });
  });

  it('names all satisfied permits of an allow in policy order', () => {
    const result = decide(
      `@id("z") permit(principal, action, resource);
       @id("a") permit(principal, action, resource);`,
      requestOf({}),
    );
    expect(result).toEqual({ decision: 'allow', determining: ['z', 'a'], errors: [] });
  });

  it('names only the satisfied forbids when one forbids', () => {
    const result = decide(
      `permit(principal, action, resource); @id("no") forbid(principal, action, resource);`,
      requestOf({}),
    );
    expect(result).toMatchObject({ decision: 'deny', determining: ['no'] });
  });

  it('reports a policy that fails and goes on with the others, forbids too', () => {
    const result = decide(
      `permit(principal, action, resource);
       @id("broken") forbid(principal, action, resource) when { context.missing == 1 };`,
      requestOf({}),
    );
    expect(result.decision).toBe('allow');
    expect(result.errors).toEqual([
      { policyId: 'broken', message: 'attribute `missing` does not exist' },
    ]);
  });

  it('follows the approval when the caller changes it between two evaluations', () => {
    const set = compilePolicies(
      readPolicies('permit(principal, action, resource) when { context.approval.granted };'),
      ACTIONS,
    );
    const context = { approval: { granted: false } };
    const request = requestOf(context);
    expect(evaluate(set, request).decision).toBe('deny');
    context.approval = { granted: true };
    expect(evaluate(set, request).decision).toBe('allow');
  });
});

describe('action scopes', () => {
  const byGroup = 'permit(principal, action in Action::"tier-destructive", resource);';

  it('reach the actions of a group', () => {
    expect(decide(byGroup, requestOf({}, 'crm.delete')).decision).toBe('allow');
    expect(decide(byGroup, requestOf({}, 'crm.read')).decision).toBe('deny');
  });

  it('give an unknown action the groups of unknown ones', () => {
    expect(decide(byGroup, requestOf({}, 'never.seen')).decision).toBe('allow');
    expect(decide(byGroup, requestOf({}, '__proto__')).decision).toBe('allow');
  });

  it('reach an action that only a policy names', () => {
    const named = 'permit(principal, action == Action::"ghost", resource);';
    expect(decide(named, requestOf({}, 'ghost')).decision).toBe('allow');
    expect(decide(named, requestOf({}, 'never.seen')).decision).toBe('deny');
  });
});

describe('values of a request', () => {
  it('are exact over the whole of i64, bigints and numbers alike', () => {
    const max = 2n ** 63n - 1n;
    expect(outcomeOf('context.n == 9223372036854775807', { n: max })).toBe(true);
    expect(outcomeOf('context.n == 9223372036854775806', { n: max })).toBe(false);
    expect(outcomeOf('context.n == 5 && [5].contains(context.n)', { n: 5n })).toBe(true);
    expect(outcomeOf('context.n + 1 == 9007199254740993', { n: 2n ** 53n })).toBe(true);
    expect(outcomeOf('context.n * context.n == 9007199515875289', { n: 94_906_267 })).toBe(true);
    expect(outcomeOf('context.n + 1 > 0', { n: max })).toBe('error');
    expect(outcomeOf('-context.n > 0', { n: -max - 1n })).toBe('error');
  });

  it.each<readonly [string, unknown]>([
    ['null', null],
    ['a fraction', 10.5],
    ['not a number', Number.NaN],
    ['a number beyond 2^53', 2 ** 60],
    ['a bigint beyond i64', 2n ** 63n],
    ['a function', () => true],
  ])('that are no Cedar values are errors when read: %s', (_name, value) => {
    const context = { n: value as CedarValue, set: [value as CedarValue, 1] };
    expect(outcomeOf('context.n == 1', context)).toBe('error');
    expect(outcomeOf('context has n', context)).toBe(true);
    expect(outcomeOf('context.set == [1, 2]', context)).toBe('error');
    expect(outcomeOf('true', context)).toBe(true);
  });

  it('come from own properties only', () => {
    for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
      expect(outcomeOf(`context has ${name}`)).toBe(false);
      expect(outcomeOf(`context["${name}"] == 1`)).toBe('error');
      const own: CedarRecord = Object.fromEntries([[name, 1]]);
      expect(outcomeOf(`context has ${name} && context["${name}"] == 1`, own)).toBe(true);
    }
    const inherited: CedarRecord = Object.create({ a: 1 });
    expect(outcomeOf('context has a', inherited)).toBe(false);
  });

  it('count as absent when an own property holds undefined', () => {
    expect(outcomeOf('context has a', { a: undefined })).toBe(false);
    expect(outcomeOf('context.a == 1', { a: undefined })).toBe('error');
    expect(outcomeOf('context == {"b": 1}', { a: undefined, b: 1 })).toBe(true);
  });

  it('cannot be turned into entities or decimals by their keys', () => {
    const forged = { a: { type: 'Group', id: 'finance' }, d: { scaled: 1 } };
    expect(outcomeOf('context.a == Group::"finance"', forged)).toBe(false);
    expect(outcomeOf('context.a in Group::"finance"', forged)).toBe('error');
    expect(outcomeOf('context.d.lessThan(decimal("1.0"))', forged)).toBe('error');
  });

  it('are computed only when a policy asks, and once for all policies', () => {
    let asked = 0;
    const context = {
      hour: 9,
      get calls() {
        asked += 1;
        return 3;
      },
    };
    const policies = `permit(principal, action, resource) when { context.calls == 3 };
      permit(principal, action, resource) when { context.calls < 5 };`;
    expect(outcomeOf('context.hour == 9', context)).toBe(true);
    expect(asked).toBe(0);
    expect(decide(policies, requestOf(context)).determining).toEqual(['p0', 'p1']);
    expect(asked).toBe(1);
  });

  it('compare as sets without order and duplicates, however large', () => {
    const numbers = Array.from({ length: 50_000 }, (_, n) => n);
    const context = { a: numbers, b: [...numbers, ...numbers].reverse(), c: [{ x: [1, 2] }] };
    expect(outcomeOf('context.a == context.b', context)).toBe(true);
    expect(outcomeOf('context.c.contains({x: [2, 1, 1]})', context)).toBe(true);
  });

  it('nested beyond reason are an error and no crash', () => {
    let deep: CedarValue = [];
    for (let n = 0; n < 100_000; n += 1) deep = [deep];
    expect(outcomeOf('context.deep == [context.deep]', { deep })).toBe('error');
  });

  it('hold decimals beyond 2^53 exactly', () => {
    const amount = new DecimalValue(9_223_372_036_854_775_807n);
    expect(outcomeOf('context.d == decimal("922337203685477.5807")', { d: amount })).toBe(true);
  });
});

describe('what lies outside the compiled subset', () => {
  const mixed = `permit(principal, action, resource);
    @id("net") forbid(principal, action == Action::"crm.delete", resource)
      when { ip("10.0.0.1").isInRange(ip("10.0.0.0/8")) };`;

  it('is named, and only actions that can reach it need cedar-wasm', () => {
    const set = compilePolicies(readPolicies(mixed), ACTIONS);
    expect(set.fallback).toEqual(['net']);
    expect(needsFallback(set, 'crm.delete')).toBe(true);
    expect(needsFallback(set, 'crm.read')).toBe(false);
    expect(needsFallback(set, 'never.seen')).toBe(false);
  });

  it('is never passed over', () => {
    const set = compilePolicies(readPolicies(mixed), ACTIONS);
    expect(() => evaluate(set, requestOf({}, 'crm.delete'))).toThrow('outside the compiled subset');
  });

  it.each<readonly [string, unknown]>([
    ['tags', { hasTag: { left: { Var: 'principal' }, right: { Value: 'x' } } }],
    ['an unknown function', { ip: [{ Value: '::1' }] }],
    ['an unknown operator', { '%': { left: { Value: 1 }, right: { Value: 2 } } }],
    ['a number that has lost digits', { Value: 2 ** 60 }],
    ['two operators in one node', { Value: 1, Var: 'context' }],
    ['no expression at all', null],
    ['an operator of the prototype', { constructor: [] }],
  ])('is found when compiling: %s', (_name, body) => {
    const est = {
      effect: 'permit',
      principal: { op: 'All' },
      action: { op: 'All' },
      resource: { op: 'All' },
      conditions: [{ kind: 'when', body }],
    };
    const policy = { id: 'odd', effect: 'permit' as const, annotations: {}, est };
    expect(compilePolicies([policy], ACTIONS).fallback).toEqual(['odd']);
    expect(compilePolicies([{ ...policy, est: 7 }], ACTIONS).fallback).toEqual(['odd']);
  });
});
