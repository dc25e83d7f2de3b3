/** Intents as an agent sends them. */
import fc from 'fast-check';
import type { Json } from './json-mutations.ts';

const TOOLS = ['crm.read', 'crm.write', 'crm.delete', 'none'];
const ARGUMENTS: readonly Json[] = [
  {},
  { id: 1 },
  { id: 'x' },
  { list: [{ deep: [1.5, 'é\u2028\u{1f6a6}'] }, null] },
];

/** Few: what is remembered of every id is no growth that these tests are after. */
export const intentIds = fc.nat(80).map((number) => `i-${number}`);

export const tools = fc.constantFrom(...TOOLS);
export const args = fc.constantFrom(...ARGUMENTS);

/** Mostly the same content under the same id, as an id is meant. */
export const intents: fc.Arbitrary<Json> = fc
  .tuple(
    fc.nat(80),
    fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(3) }),
    fc.record(
      {
        agent: fc.constantFrom('billing-bot', 'billing-bot', 'billing-bot', 'crm-bot', 'stranger'),
        session: fc.constant('s-1'),
        reason: fc.constant('the invoice\nis due'),
        task: fc.constant('t'),
        cost: fc.constantFrom({ tokens: 5 }, { microUsd: 7, tokens: 0 }),
        provenance: fc.constantFrom({ '/id': 'user' }, { '': 'tool', '/list/0': 'model' }),
        undo: fc.record({ tool: tools, arguments: args }),
      },
      { requiredKeys: [] },
    ),
  )
  .map(([number, shift, more]) => ({
    id: `i-${number}`,
    tool: TOOLS[(number + shift) % TOOLS.length] ?? '',
    arguments: ARGUMENTS[(number >> 2) % ARGUMENTS.length] ?? {},
    ...more,
  }));
