/** Hints on policies that Cedar cannot give: what the catalogue has, and why some of it is hidden. */
import type { CheckedTool } from '../../domain/fleet/checked-fleet.ts';
import type { RecordType } from '../../domain/fleet/argument-type.ts';
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
