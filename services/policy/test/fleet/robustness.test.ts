import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { checkFleet } from '../../src/adapters/fleet/check-fleet.ts';
import { compileConverter, refusalOf } from '../../src/domain/fleet/argument-converter.ts';
import { argumentTypeOf } from '../../src/domain/fleet/argument-type.ts';
import type { Json, JsonObject } from '../../src/domain/fleet.ts';
import { VALID } from './fleet-files.ts';

const YAML_FILES = ['agents.yaml', 'tools.yaml', 'limits.yaml', 'people.yaml'];
const KEYS = [
  'agents groups owner attributes publicKeys tools tier arguments cost microUsd undo targets',
  'budgets rates id scope agent group fleet tool unit ceiling window limit people role type',
  'properties required items anyOf $ref $defs pattern format additionalProperties enum const',
].flatMap((line) => line.split(' '));
const TEXTS = [
  'read',
  'object',
  'string',
  'integer',
  '*',
  'calls',
  '1h',
  '#/$defs/a',
  '#',
  '(',
  'a',
];

/** Data that looks like a fleet often enough to get past the first check. */
const plausible: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(
      fc.constantFrom(...TEXTS),
      fc.constant(null),
      fc.boolean(),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.string(),
    ),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.constantFrom(...KEYS), fc.string()), tie('value'), { maxKeys: 5 }),
  ),
})).value;

describe('whatever a fleet consists of', () => {
  it('any text in any file is checked without an exception', async () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...YAML_FILES), text, async (path, content) => {
        const answer = await checkFleet(new Map([[path, content]]));
        const placed = answer.ok || answer.problems.every((one) => one.line > 0 && one.column > 0);
        expect(placed).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  it('any YAML in any file is checked without an exception', async () => {
    const root = fc.constantFrom('agents', 'tools', 'budgets', 'rates', 'people');
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...YAML_FILES), root, plausible, async (path, key, data) => {
        const files = new Map(Object.entries({ ...VALID, [path]: stringify({ [key]: data }) }));
        files.delete('policies/rules.cedar');
        const answer = await checkFleet(files);
        expect(typeof answer.ok).toBe('boolean');
      }),
      { numRuns: 400 },
    );
  });

  it('any schema of arguments is checked without an exception, and tools are usable', async () => {
    await fc.assert(
      fc.asyncProperty(plausible, async (schema) => {
        const tools = { t: { tier: 'write', arguments: schema } };
        const answer = await checkFleet(new Map([['tools.yaml', stringify({ tools })]]));
        expect(typeof answer.ok).toBe('boolean');
      }),
      { numRuns: 400 },
    );
  });

  it('any arguments are converted by any schema without an exception', () => {
    const object = fc.dictionary(fc.oneof(fc.constantFrom(...KEYS), fc.string()), plausible);
    fc.assert(
      fc.property(object, object, (properties, args: JsonObject) => {
        const convert = compileConverter(argumentTypeOf({ type: 'object', properties }).fields);
        expect(Object.keys(convert(args)).every((name) => Object.hasOwn(args, name))).toBe(true);
        expect(['string', 'undefined']).toContain(typeof refusalOf(args));
      }),
      { numRuns: 2_000 },
    );
  });
});
