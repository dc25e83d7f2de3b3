/** JSON lines: each line an object, empty lines skipped, a wrong line named by its number. */
import { type Fields, isFields } from './fields.ts';

/** Longest line that is read, characters. */
export const LINE_CHARS_MAX = 1024 * 1024;

export type JsonLine =
  | { readonly kind: 'value'; readonly line: number; readonly value: Fields }
  | { readonly kind: 'bad'; readonly line: number; readonly why: string };

/** Reads one line; undefined when it is empty. `line` counts from 1. */
export function readJsonLine(text: string, line: number): JsonLine | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  if (text.length > LINE_CHARS_MAX) return { kind: 'bad', line, why: 'the line is too long' };
  try {
    const value: unknown = JSON.parse(trimmed);
    if (isFields(value)) return { kind: 'value', line, value };
    return { kind: 'bad', line, why: 'not a JSON object' };
  } catch (error) {
    return { kind: 'bad', line, why: error instanceof Error ? error.message : 'not JSON' };
  }
}
