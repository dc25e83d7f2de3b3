/** Hints on policies that Cedar cannot give: what the catalogue has, and why some of it is hidden. */

import { isEstObject } from '../../domain/cedar/est.ts';
import type { RecordType } from '../../domain/fleet/argument-type.ts';
import type { CheckedTool } from '../../domain/fleet/checked-fleet.ts';
import { didYouMean } from '../../domain/fleet/suggestion.ts';
import type { PolicyProblem } from '../cedar/policy-check.ts';

const ACTION_PATTERN = /unrecognized action `?Action::"([^"]+)"/;
const ATTRIBUTE_PATTERN = /attribute `([^`]+)`.*not found/;

/** The hint for a problem in a policy: of the catalogue where it knows better than Cedar. */
export function policyHint(
  { message, hint }: PolicyProblem,
  tools: readonly CheckedTool[],
): string | undefined {
  const action = ACTION_PATTERN.exec(message)?.[1];
  if (action !== undefined) {
    const tiers = ['tier-read', 'tier-write', 'tier-destructive', 'tier-financial'];
    return didYouMean(action, [...tools.map(({ name }) => name), ...tiers]) ?? hint;
  }
  const attribute = ATTRIBUTE_PATTERN.exec(message)?.[1];
  const why = attribute === undefined ? undefined : whyUntyped(attribute, tools);
  return why ?? hint;
}

/**
 * Questions after arguments and attributes that nothing has: Cedar takes `has` for plainly false
 * there, and a rule that guards against something silently never does.
 */
export function futileQuestions(
  est: unknown,
  tools: readonly CheckedTool[],
  attributes: readonly string[],
): readonly { readonly message: string; readonly hint?: string | undefined }[] {
  const asked = askedNames(est, { arguments: new Set(), attributes: new Set() });
  const known = new Set(tools.flatMap((tool) => tool.argumentType.fields.map(({ name }) => name)));
  const ofArguments = [...asked.arguments].filter((name) => !known.has(name));
  const ofAttributes = [...asked.attributes].filter((name) => !attributes.includes(name));
  return [
    ...ofArguments.map((name) => ({
      message: `no tool has an argument ${name} that rules can read: \`has ${name}\` is false`,
      hint: whyUntyped(name, tools) ?? didYouMean(name, known),
    })),
    ...ofAttributes.map((name) => ({
      message: `no agent has an attribute ${name}: \`has ${name}\` is false`,
      hint: didYouMean(name, attributes),
    })),
  ];
}

interface AskedNames {
  readonly arguments: Set<string>;
  readonly attributes: Set<string>;
}

/** What follows `context.arguments has` and `principal.attributes has` in a policy. */
function askedNames(est: unknown, asked: AskedNames): AskedNames {
  if (typeof est !== 'object' || est === null) return asked;
  for (const [key, value] of Object.entries(est)) {
    if (key === 'has' && isEstObject(value)) {
      const names: unknown[] = [value['attr']].flat();
      const holder = accessedPart(value['left']);
      if (typeof names[0] === 'string' && holder !== undefined) asked[holder].add(names[0]);
    }
    askedNames(value, asked);
  }
  return asked;
}

function accessedPart(left: unknown): keyof AskedNames | undefined {
  const access = isEstObject(left) ? left['.'] : undefined;
  const object = isEstObject(access) ? access['left'] : undefined;
  const attribute = isEstObject(access) ? access['attr'] : undefined;
  const variable = isEstObject(object) ? object['Var'] : undefined;
  if (variable === 'context' && attribute === 'arguments') return attribute;
  return variable === 'principal' && attribute === 'attributes' ? attribute : undefined;
}

/** Why an argument that exists has no Cedar type. */
function whyUntyped(path: string, tools: readonly CheckedTool[]): string | undefined {
  const name = path.split('.').at(-1) ?? path;
  for (const tool of tools) {
    const found = untypedIn(tool.argumentType, name);
    if (found !== undefined) return `rules cannot read ${name} of ${tool.name}: ${found}`;
  }
  return undefined;
}

function untypedIn({ fields, untyped }: RecordType, name: string): string | undefined {
  const here = untyped.find((field) => field.name === name);
  if (here !== undefined) return here.why;
  for (const { type } of fields) {
    const inner = type.kind === 'set' ? type.element : type;
    const found = inner.kind === 'record' ? untypedIn(inner, name) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}
