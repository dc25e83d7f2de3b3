/** Policies straight from text, without a schema: ill-typed ones are wanted here. */
import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import { splitPolicies, withExactIntegers } from '../../src/adapters/cedar/policy-text.ts';
import type { EstPolicy } from '../../src/domain/cedar/est.ts';

export type TextPolicy = EstPolicy & { readonly text: string };

/** Throws when the text does not parse. Ids are `@id` or `p<n>` counted from 0. */
export function readPolicies(text: string): TextPolicy[] {
  return splitPolicies(text).map((source, position) => {
    const exact = withExactIntegers(source.text);
    const answer = cedar.policyToJson(exact.text);
    if (answer.type === 'failure') throw new Error(`${answer.errors[0]?.message}: ${source.text}`);
    const { effect, annotations } = answer.json;
    const id = annotations?.['id'] ?? `p${position}`;
    return { id, effect, annotations: {}, est: exact.restore(answer.json), text: source.text };
  });
}
