/**
 * The texts a session has seen, kept in this process so that an argument can be traced to where it
 * came from. Bounded: the oldest texts are forgotten first, and forgetting tool output is
 * remembered, because a value that is not found may then still have come from there.
 */
import { isRecord } from './json.ts';

/** Most characters kept of each kind of text in one session. */
export const MEMORY_CHARS_MAX = 512 * 1024;
/** Deepest level of a tool result that is read. */
const RESULT_DEPTH_MAX = 32;
/** Most values of a tool result that are read; a result may hold itself many times. */
const RESULT_VALUES_MAX = 200_000;

/** Texts of one kind, oldest first. */
export interface TextMemory {
  readonly texts: readonly string[];
  readonly chars: number;
  /** True once a text was dropped or cut to stay within the bound. */
  readonly forgot: boolean;
}

export const EMPTY_MEMORY: TextMemory = { texts: [], chars: 0, forgot: false };

/** The memory after one more text, in at most `charsMax` characters. */
export function remember(
  memory: TextMemory,
  text: string,
  charsMax: number = MEMORY_CHARS_MAX,
): TextMemory {
  const normal = normalise(text);
  if (normal === '') return memory;
  const added = normal.length > charsMax ? normal.slice(normal.length - charsMax) : normal;
  const texts = [...memory.texts, added];
  let chars = memory.chars + added.length;
  let dropped = 0;
  while (chars > charsMax) {
    chars -= texts[dropped]?.length ?? 0;
    dropped += 1;
  }
  const forgot = memory.forgot || dropped > 0 || added !== normal;
  return { texts: texts.slice(dropped), chars, forgot };
}

/** Whether the memory holds this text, as a whole: not as a part of a longer word or number. */
export function holds(memory: TextMemory, text: string): boolean {
  const wanted = normalise(text);
  return wanted !== '' && memory.texts.some((seen) => holdsWhole(seen, wanted));
}

/**
 * The text of a tool's result: every string, number and property name in it. Not its JSON, whose
 * escapes would hide values. At most `charsMax` characters and one more, so that a caller who
 * remembers it notices the cut.
 */
export function textOf(result: unknown, charsMax: number = MEMORY_CHARS_MAX): string {
  const parts: string[] = [];
  let chars = 0;
  let values = 0;
  collect(result, 0);
  return parts.join('\n').slice(0, charsMax + 1);

  function collect(value: unknown, depth: number): void {
    values += 1;
    if (chars > charsMax || values > RESULT_VALUES_MAX || depth > RESULT_DEPTH_MAX) return;
    const text = leafText(value);
    if (text === undefined) {
      for (const item of itemsOf(value)) collect(item, depth + 1);
    } else {
      parts.push(text);
      chars += text.length + 1;
    }
  }
}

/** The text of a value that has no parts. */
function leafText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (!(value instanceof Date)) return undefined;
  return Number.isNaN(value.getTime()) ? '' : value.toISOString();
}

/** What a value is made of; of an object its names too. */
function itemsOf(value: unknown): Iterable<unknown> {
  if (Array.isArray(value) || value instanceof Set) return value;
  if (value instanceof Map) return [...value].flat();
  return isRecord(value) ? Object.entries(value).flat() : [];
}

/** One spelling for texts that people read as the same: width, case, spaces, 1,200 and 1200. */
function normalise(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/(\d),(?=\d{3}(?!\d))/g, '$1')
    .replace(/\s+/g, ' ')
    .trim();
}

function holdsWhole(text: string, wanted: string): boolean {
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + 1)) {
    const before = text.slice(Math.max(at - 2, 0), at);
    const after = text.slice(at + wanted.length, at + wanted.length + 2);
    if (!continuesBackward(before, wanted) && !continuesForward(wanted, after)) return true;
  }
  return false;
}

function continuesBackward(before: string, wanted: string): boolean {
  if (/^\d/.test(wanted)) return /[\p{L}\p{N}]$/u.test(before) || /\d[.,]$/.test(before);
  return /^[\p{L}\p{N}]/u.test(wanted) && /[\p{L}\p{N}]$/u.test(before);
}

function continuesForward(wanted: string, after: string): boolean {
  if (/\d$/.test(wanted) && /^[.,][1-9]/.test(after)) return true;
  return /[\p{L}\p{N}]$/u.test(wanted) && /^[\p{L}\p{N}]/u.test(after);
}
