/**
 * The tools that policies have to be validated against. Validation takes time for each action a
 * policy can reach, and a catalogue may have thousands of tools that no policy names. Such tools
 * differ for a policy only in their tier and in arguments it mentions: one of each kind is enough.
 */

import type { ArgumentType, RecordType } from './argument-type.ts';
import type { SchemaTool } from './cedar-schema.ts';

/** Names and texts of Cedar's syntax; texts with escapes name nothing in a catalogue. */
const WORD = /[A-Za-z_][A-Za-z0-9_]*|"[^"\\]*"/g;

/** The named tools as they are, and one of each kind of the others. */
export function toolsToValidate(
  tools: readonly SchemaTool[],
  policyTexts: readonly string[],
): readonly SchemaTool[] {
  const words = wordsOf(policyTexts);
  const kinds = new Set<string>();
  return tools.flatMap((tool) => {
    if (words.has(tool.name)) return [tool];
    const argumentType = mentionedFields(tool.argumentType, words);
    const kind = `${tool.tier} ${JSON.stringify(argumentType.fields)}`;
    if (kinds.has(kind)) return [];
    kinds.add(kind);
    return [{ name: tool.name, tier: tool.tier, argumentType }];
  });
}

function wordsOf(texts: readonly string[]): ReadonlySet<string> {
  const words = new Set<string>();
  for (const text of texts) {
    for (const [word] of text.matchAll(WORD)) words.add(word.replaceAll('"', ''));
  }
  return words;
}

/** A record without the fields that are mentioned nowhere: nothing can read those. */
function mentionedFields({ fields }: RecordType, words: ReadonlySet<string>): RecordType {
  const mentioned = fields.filter(({ name }) => words.has(name));
  return {
    kind: 'record',
    fields: mentioned.map((field) => ({ ...field, type: mentionedPart(field.type, words) })),
    untyped: [],
  };
}

function mentionedPart(type: ArgumentType, words: ReadonlySet<string>): ArgumentType {
  if (type.kind === 'record') return mentionedFields(type, words);
  if (type.kind !== 'set') return type;
  return { kind: 'set', element: mentionedPart(type.element, words) };
}
