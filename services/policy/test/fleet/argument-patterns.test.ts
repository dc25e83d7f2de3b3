import { expect, it } from 'vitest';
import { createArgumentChecker } from '../../src/adapters/fleet/argument-checker.ts';

it('holds each argument against its own pattern, not against the first of the catalogue', () => {
  const checker = createArgumentChecker();
  const checkOf = (pattern: string) => {
    const properties = { id: { type: 'string', pattern } };
    return checker.of({ type: 'object', properties, additionalProperties: false });
  };
  const [customer, invoice] = [checkOf('^c-[0-9]+$'), checkOf('^inv-[0-9]+$')];
  expect(customer({ id: 'c-1' })).toEqual([]);
  expect(invoice({ id: 'inv-1' })).toEqual([]);
  expect(customer({ id: 'inv-1' })).toHaveLength(1);
  expect(invoice({ id: 'c-1' })).toHaveLength(1);
});
