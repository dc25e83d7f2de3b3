/**
 * Where the arguments of a call came from. A value the user wrote is the user's; a value that only
 * a tool's output held may have been planted there, and rules can ask a person about it
 * (`context.untrusted`); anything else the model made up.
 */
import { isRecord, type JsonRecord, pointerTo } from './json.ts';
import { EMPTY_MEMORY, holds, type TextMemory } from './text-memory.ts';

export type Source = 'user' | 'tool' | 'model';

/** JSON pointer of an argument to where its value came from. */
export type Provenance = Readonly<Record<string, Source>>;

/** What a session has seen. */
export interface Seen {
  readonly user: TextMemory;
  readonly tool: TextMemory;
}

export const NOTHING_SEEN: Seen = { user: EMPTY_MEMORY, tool: EMPTY_MEMORY };

/** Longer texts are prose that the model wrote, not values that it copied. */
export const LOOKED_UP_CHARS_MAX = 160;
/** Most values of one call that get a label of their own. */
export const LABELS_MAX = 500;

/**
 * The source of each leaf of the arguments: `user` when the user's texts hold it, else `tool` when
 * tool output holds it, else `model`. Numbers are compared as text. Two cases fail closed: when
 * tool output had to be forgotten, a value found nowhere counts as `tool`; and of a call with more
 * than LABELS_MAX values, the top-level argument with the rest in it is labelled `tool` as a whole.
 */
export function labelArguments(args: JsonRecord, seen: Seen): Provenance {
  const labels: Record<string, Source> = {};
  let count = 0;
  for (const [name, value] of Object.entries(args)) {
    const pointer = pointerTo('', name);
    label(value, pointer);
    if (count > LABELS_MAX) labels[pointer] = 'tool';
  }
  return labels;

  function label(value: unknown, pointer: string): void {
    if (count > LABELS_MAX) return;
    if (Array.isArray(value)) {
      value.forEach((item, index) => {
        label(item, pointerTo(pointer, String(index)));
      });
    } else if (isRecord(value)) {
      for (const [name, item] of Object.entries(value)) label(item, pointerTo(pointer, name));
    } else {
      count += 1;
      if (count <= LABELS_MAX) labels[pointer] = sourceOf(value, seen);
    }
  }
}

function sourceOf(value: unknown, seen: Seen): Source {
  // true, false and null are in every text: where they came from cannot be told.
  if (typeof value !== 'string' && typeof value !== 'number') return 'model';
  const text = String(value);
  if (text.trim() === '' || text.length > LOOKED_UP_CHARS_MAX) return 'model';
  if (holds(seen.user, text)) return 'user';
  return seen.tool.forgot || holds(seen.tool, text) ? 'tool' : 'model';
}
