/**
 * Which arguments came only from tool output. Provenance names leaves by JSON pointer; rules ask
 * for any place, so a place counts as untrusted when anything below it is.
 */

/** Sorted JSON pointers of the arguments labelled `tool`, and of all their ancestors. */
export function untrustedPointers(provenance: Readonly<Record<string, string>>): readonly string[] {
  let pointers: Set<string> | undefined;
  for (const pointer of Object.keys(provenance)) {
    if (provenance[pointer] !== 'tool') continue;
    pointers ??= new Set();
    for (let end = pointer.length; end > 0; end = pointer.lastIndexOf('/', end - 1)) {
      pointers.add(pointer.slice(0, end));
    }
  }
  return pointers === undefined ? NONE : [...pointers].sort();
}

const NONE: readonly string[] = [];
