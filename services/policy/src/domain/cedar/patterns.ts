/** `like` patterns: literal text and wildcards, matched without backtracking. */
import { estArray, estField, estString } from './est.ts';

/**
 * The test for a pattern in EST form, a list of `"Wildcard"` and `{ Literal }`. The text before
 * the first wildcard is a prefix, the text after the last a suffix; pieces between are found from
 * left to right, each at its first place, which is enough because a wildcard takes anything.
 */
export function compilePattern(pattern: unknown): (text: string) => boolean {
  const pieces = piecesOf(pattern);
  const prefix = pieces[0] ?? '';
  if (pieces.length === 1) return (text) => text === prefix;
  const suffix = pieces[pieces.length - 1] ?? '';
  const inner = pieces.slice(1, -1).filter((piece) => piece !== '');
  const lengthMin = prefix.length + suffix.length;
  return (text) => {
    if (text.length < lengthMin || !text.startsWith(prefix) || !text.endsWith(suffix)) return false;
    return containsInOrder(text, inner, { from: prefix.length, to: text.length - suffix.length });
  };
}

/** The literal text between wildcards: one piece more than there are wildcards. */
function piecesOf(pattern: unknown): string[] {
  const pieces: string[] = [];
  let piece = '';
  for (const element of estArray(pattern)) {
    if (element === 'Wildcard') {
      pieces.push(piece);
      piece = '';
    } else {
      piece += estString(estField(element, 'Literal'));
    }
  }
  pieces.push(piece);
  return pieces;
}

function containsInOrder(
  text: string,
  pieces: readonly string[],
  range: { readonly from: number; readonly to: number },
): boolean {
  let from = range.from;
  for (const piece of pieces) {
    const found = text.indexOf(piece, from);
    if (found < 0 || found + piece.length > range.to) return false;
    from = found + piece.length;
  }
  return true;
}
