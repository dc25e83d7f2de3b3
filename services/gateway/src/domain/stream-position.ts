/**
 * Where a reader of the event stream stands: the next offset of every source, as a compact text
 * that travels as the id of a server-sent event. Sources are numbered the same way everywhere; the
 * tag names the log, so that positions in another log are not mistaken for positions in this one.
 */

const OFFSET = /^[0-9a-z]{1,11}$/;
const RADIX = 36;

export function formatPosition(tag: string, nextOffsets: readonly number[]): string {
  return `${tag}~${nextOffsets.map((offset) => offset.toString(RADIX)).join('.')}`;
}

/** The offsets, or undefined when the text is no position of this log with so many sources. */
export function parsePosition(
  text: string,
  expected: { readonly tag: string; readonly sources: number },
): readonly number[] | undefined {
  const cut = text.indexOf('~');
  if (cut < 0 || text.slice(0, cut) !== expected.tag) return undefined;
  const parts = text.slice(cut + 1).split('.');
  if (parts.length !== expected.sources) return undefined;
  if (!parts.every((part) => OFFSET.test(part))) return undefined;
  const offsets = parts.map((part) => Number.parseInt(part, RADIX));
  return offsets.every(Number.isSafeInteger) ? offsets : undefined;
}
