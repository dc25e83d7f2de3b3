import type { ToolName } from '@estop/schemas/ids';
import { describe, expect, it } from 'vitest';
import type { Fleet, JsonObject } from '../../src/domain/fleet.ts';
import { fleetWith, problemsWith } from './fleet-files.ts';

/** A fleet with one tool `t` of this schema, given as JSON, which is YAML too. */
async function toolWith(schema: JsonObject, rest: JsonObject = {}): Promise<ToolChecks> {
  const tool = { tier: 'write', arguments: schema, ...rest };
  const text = JSON.stringify({ tools: { t: tool } });
  const fleet = await fleetWith({ 'tools.yaml': text, 'limits.yaml': null, ...NO_POLICIES });
  return checksOf(fleet);
}

const NO_POLICIES = { 'policies/rules.cedar': null };

interface ToolChecks {
  readonly check: (args: JsonObject) => readonly string[];
  readonly cost: (args: JsonObject) => number | null | 'invalid';
  readonly targets: (args: JsonObject) => readonly string[];
}

function checksOf(fleet: Fleet): ToolChecks {
  const tool = fleet.toolOf('t' as ToolName);
  return {
    check: (args) => tool.checkArguments(args).map((one) => `${one.pointer} ${one.detail}`),
    cost: (args) => tool.costMicroUsd(args),
    targets: (args) => tool.targetsOf(args),
  };
}

describe('arguments against the schema of a tool', () => {
  it('pass when they fit', async () => {
    const { check } = await toolWith({ properties: { id: { type: 'string' } }, required: ['id'] });
    expect(check({ id: 'c-1' })).toEqual([]);
  });

  it('are refused by name when they are unknown, missing or of another type', async () => {
    const { check } = await toolWith({
      properties: { recipient: { type: 'string' }, amount: { type: 'integer' } },
      required: ['amount', 'recipient'],
    });
    expect(check({ recipent: 'x', amount: '5' })).toEqual([
      '/recipient is required',
      '/recipent is not known: did you mean "recipient"?',
      '/amount must be integer',
    ]);
  });

  it('are never coerced or filled in', async () => {
    const schema = { properties: { n: { type: 'integer', default: 3 } } };
    const { check } = await toolWith(schema);
    const args = { n: '7' };
    expect(check(args)).toEqual(['/n must be integer']);
    const empty = {};
    expect(check(empty)).toEqual([]);
    expect([args, empty]).toEqual([{ n: '7' }, {}]);
  });

  it('stay open where the schema says so', async () => {
    const { check } = await toolWith({ type: 'object', additionalProperties: true });
    expect(check({ anything: [1, { x: null }] })).toEqual([]);
  });

  it('are closed at every level that names its properties', async () => {
    const inner = { type: 'object', properties: { city: { type: 'string' } } };
    const { check } = await toolWith({
      properties: {
        address: inner,
        list: { type: 'array', items: inner },
        free: { type: 'object' },
        either: { anyOf: [inner, { type: 'null' }] },
        shared: { $ref: '#/$defs/Inner' },
      },
      $defs: { Inner: inner },
    });
    expect(check({ address: { city: 'x', zip: 1 } })).toEqual(['/address/zip is not known']);
    expect(check({ list: [{ city: 'x' }, { zip: 1 }] })).toEqual(['/list/1/zip is not known']);
    expect(check({ shared: { zip: 1 } })).toEqual(['/shared/zip is not known']);
    expect(check({ either: { zip: 1 } })).not.toEqual([]);
    expect(check({ either: null, free: { zip: 1 } })).toEqual([]);
  });

  it('may be combined of several schemas, and unknown ones are still refused', async () => {
    const { check } = await toolWith({
      type: 'object',
      allOf: [{ $ref: '#/$defs/Base' }, { properties: { b: { type: 'string' } } }],
      $defs: { Base: { type: 'object', properties: { a: { type: 'string' } } } },
    });
    expect(check({ a: 'x', b: 'y' })).toEqual([]);
    expect(check({ a: 'x', c: 'y' })).toEqual(['/c is not known']);
  });

  it('may depend on one of several sets of required ones', async () => {
    const { check } = await toolWith({
      properties: { id: { type: 'string' }, name: { type: 'string' } },
      anyOf: [{ required: ['id'] }, { required: ['name'] }],
    });
    expect(check({ name: 'x' })).toEqual([]);
    expect(check({})).not.toEqual([]);
    expect(check({ id: 'x', other: 1 })).toEqual(['/other is not known']);
  });

  it('take the schemas that generators write', async () => {
    const { check } = await toolWith({
      $schema: 'http://json-schema.org/draft-07/schema#',
      title: 'SendArguments',
      properties: {
        to: { items: { type: 'string' }, title: 'To', type: 'array' },
        cc: {
          anyOf: [{ type: 'array', items: { type: 'string' } }, { type: 'null' }],
          default: null,
        },
        kind: { $ref: '#/$defs/Kind', default: 'a' },
        old: { allOf: [{ $ref: '#/$defs/Old' }], description: 'an older style' },
      },
      $defs: {
        Kind: { enum: ['a', 'b'], title: 'Kind', type: 'string' },
        Old: { type: 'object', properties: { x: { type: 'number' } } },
      },
      required: ['to'],
      type: 'object',
    });
    expect(check({ to: ['a'], cc: null, kind: 'b', old: { x: 1.5 } })).toEqual([]);
    expect(check({ to: ['a'], kind: 'c' })).toEqual(['/kind must be one of ["a","b"]']);
    expect(check({ to: ['a'], old: { y: 1 } })).toEqual(['/old/y is not known']);
  });

  it('match patterns in linear time', async () => {
    const { check } = await toolWith({
      properties: { text: { type: 'string', pattern: '^(a+)+$' } },
    });
    expect(check({ text: `${'a'.repeat(20_000)}b` })).toHaveLength(1);
    expect(check({ text: 'aaa' })).toEqual([]);
  });

  it('hold formats, and refuse formatted texts that are far too long', async () => {
    const { check } = await toolWith({ properties: { to: { type: 'string', format: 'email' } } });
    expect(check({ to: 'dana@example.com' })).toEqual([]);
    expect(check({ to: 'dana' })).toEqual(['/to must match format "email"']);
    expect(check({ to: `${'a'.repeat(100_000)}@example.com` })).toHaveLength(1);
  });

  it('give at most 20 problems, none of them long and none that repeats a value', async () => {
    const { check } = await toolWith({
      properties: { list: { type: 'array', items: { type: 'integer' } } },
    });
    const secret = 'secret'.repeat(100);
    const some = check({ list: Array.from({ length: 100 }, () => secret) });
    expect(some).toHaveLength(20);
    expect(some.join()).not.toContain('secret');
    expect(check({ list: Array.from({ length: 50_000 }, () => secret) })).toHaveLength(1);
    const [unknown] = check({ ['x'.repeat(1_000)]: 1 });
    expect(unknown?.length).toBeLessThanOrEqual(401);
  });

  it('are not compared pair by pair without a bound', async () => {
    const schema = {
      properties: { l: { type: 'array', uniqueItems: true, items: { type: 'object' } } },
    };
    const tools = { t: { tier: 'write', arguments: schema } };
    const text = JSON.stringify({ tools });
    const [problem] = await problemsWith({ 'tools.yaml': text, 'limits.yaml': null });
    expect(problem?.hint).toBe('add maxItems, at most 1000');
  });
});

describe('cost and targets of a call', () => {
  const properties = {
    amount: { type: 'integer' },
    to: { type: 'string' },
    others: { type: 'array', items: { type: 'string' } },
  };

  it('a cost is a constant, or stands in the arguments', async () => {
    const constant = await toolWith({ properties }, { cost: { microUsd: 200 } });
    expect(constant.cost({})).toBe(200);
    const silent = await toolWith({ properties });
    expect(silent.cost({ amount: 5 })).toBe(null);
    const { cost } = await toolWith({ properties }, { cost: { microUsd: '/amount' } });
    expect(cost({ amount: 5 })).toBe(5);
    const invalid = [{}, { amount: -1 }, { amount: 1.5 }, { amount: '5' }, { amount: 5e15 }];
    expect(invalid.map((args) => cost(args))).toEqual(invalid.map(() => 'invalid'));
  });

  it('targets are texts, and lists stand for their items', async () => {
    const { targets } = await toolWith({ properties }, { targets: ['/to', '/others', '/amount'] });
    expect(targets({ to: 'a', others: ['b', 'c'], amount: 7 })).toEqual(['a', 'b', 'c', '7']);
    expect(targets({})).toEqual([]);
  });
});
