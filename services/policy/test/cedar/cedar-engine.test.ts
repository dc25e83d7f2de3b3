import { describe, expect, it } from 'vitest';
import { createCedarEngine } from '../../src/adapters/cedar/cedar-engine.ts';
import { createCedarOracle } from '../../src/adapters/cedar/cedar-oracle.ts';
import type { CedarRequest } from '../../src/domain/cedar/request.ts';
import { type CedarRecord, type CedarValue, EntityUid } from '../../src/domain/cedar/values.ts';
import { readPolicies } from './read-policies.ts';

const OPTIONS = {
  actionGroups: new Map([
    ['net.open', []],
    ['net.close', []],
  ]),
};

function requestOf(context: CedarRecord, action = 'net.open'): CedarRequest {
  return {
    principal: { uid: new EntityUid('Agent', 'a'), attributes: {} },
    action,
    resource: { uid: new EntityUid('Tool', action) },
    context,
  };
}

function placed(text: string) {
  return readPolicies(text).map((policy) => ({ ...policy, file: 'a.cedar', line: 1 }));
}

describe('an engine', () => {
  it('leaves to cedar-wasm what the compiler does not translate', async () => {
    const engine = await createCedarEngine(
      placed(`permit(principal, action == Action::"net.close", resource);
        @id("local") permit(principal, action == Action::"net.open", resource)
          when { ip(context.to).isInRange(ip("10.0.0.0/8")) };`),
      OPTIONS,
    );
    expect(engine.fallback).toEqual(['local']);
    expect(engine.evaluate(requestOf({ to: '10.1.2.3' })).determining).toEqual(['local']);
    expect(engine.evaluate(requestOf({ to: '11.1.2.3' })).decision).toBe('deny');
    expect(engine.evaluate(requestOf({}, 'net.close')).decision).toBe('allow');
    engine.close();
  });

  it('needs no cedar-wasm when everything compiles', async () => {
    const engine = await createCedarEngine(placed('permit(principal, action, resource);'), OPTIONS);
    expect(engine.fallback).toEqual([]);
    expect(engine.evaluate(requestOf({})).decision).toBe('allow');
    engine.close();
  });
});

describe('the oracle', () => {
  it.each<readonly [string, unknown]>([
    ['an entity in disguise', { __entity: { type: 'Group', id: 'finance' } }],
    ['an extension value in disguise', { __extn: { fn: 'decimal', arg: '1.0' } }],
    ['an integer JSON would round', 2n ** 60n],
    ['null', null],
    ['a fraction', 0.5],
    ['nesting without end', deepRecord()],
  ])('denies with an error what it cannot ask: %s', (_name, value) => {
    const oracle = createCedarOracle(placed('permit(principal, action, resource);'), OPTIONS);
    const result = oracle.evaluate(requestOf({ value: value as CedarValue }));
    expect(result.decision).toBe('deny');
    expect(result.errors).toHaveLength(1);
    oracle.close();
  });

  it('keeps the sets of several oracles apart and uses a closed one’s place again', () => {
    const permit = createCedarOracle(placed('permit(principal, action, resource);'), OPTIONS);
    const forbid = createCedarOracle(placed('forbid(principal, action, resource);'), OPTIONS);
    expect(permit.evaluate(requestOf({})).decision).toBe('allow');
    expect(forbid.evaluate(requestOf({})).determining).toEqual(['p0']);
    permit.close();
    permit.close();
    const next = createCedarOracle(
      placed('@id("n") permit(principal, action, resource);'),
      OPTIONS,
    );
    expect(next.evaluate(requestOf({})).determining).toEqual(['n']);
    expect(forbid.evaluate(requestOf({})).determining).toEqual(['p0']);
    forbid.close();
    next.close();
  });
});

function deepRecord(): CedarRecord {
  let record: CedarRecord = {};
  for (let depth = 0; depth < 5_000; depth += 1) record = { record };
  return record;
}
