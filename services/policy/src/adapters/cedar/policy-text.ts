/**
 * What must be known about Cedar's text beyond what cedar-wasm tells: where each policy of a file
 * begins, and the integers its JSON form would round. Only used on text that parses.
 */

/** Strings, comments, names with their digits, integers and the ends of policies. */
const TOKEN = /"(?:[^"\\]|\\[\s\S])*"|\/\/[^\n]*|[A-Za-z_][A-Za-z0-9_]*|[0-9]+|;|\S/g;

export interface PolicyText {
  readonly text: string;
  /** Where the text begins in its file, in UTF-16 code units. */
  readonly offset: number;
}

/** The policies of a file, each from its first token to its semicolon. */
export function splitPolicies(fileText: string): PolicyText[] {
  const policies: PolicyText[] = [];
  let start: number | undefined;
  for (const match of fileText.matchAll(TOKEN)) {
    if (match[0].startsWith('//')) continue;
    start ??= match.index;
    if (match[0] === ';') {
      policies.push({ text: fileText.slice(start, match.index + 1), offset: start });
      start = undefined;
    }
  }
  return policies;
}

/** Text in which each integer beyond 2^53 is replaced by a stand-in that JSON carries exactly. */
export interface ExactText {
  readonly text: string;
  /** Puts the real integers, as bigints, into the JSON form of that text. */
  readonly restore: (est: unknown) => unknown;
}

export function withExactIntegers(text: string): ExactText {
  const integers = [...text.matchAll(TOKEN)].filter(([token]) => /^[0-9]/.test(token));
  const large = integers.filter(([token]) => !Number.isSafeInteger(Number(token)));
  if (large.length === 0) return { text, restore: (est) => est };
  const taken = new Set(integers.map(([token]) => Number(token)));
  const standInByInteger = new Map<bigint, number>();
  let free = Number.MAX_SAFE_INTEGER;
  for (const [token] of large) {
    if (standInByInteger.has(BigInt(token))) continue;
    while (taken.has(free)) free -= 1;
    standInByInteger.set(BigInt(token), free);
    free -= 1;
  }
  const integerByStandIn = new Map([...standInByInteger].map(([integer, n]) => [n, integer]));
  const replaced = text.replace(TOKEN, (token) => {
    if (!/^[0-9]/.test(token) || Number.isSafeInteger(Number(token))) return token;
    return String(standInByInteger.get(BigInt(token)));
  });
  return { text: replaced, restore: (est) => restoreIntegers(est, integerByStandIn) };
}

function restoreIntegers(est: unknown, integerByStandIn: ReadonlyMap<number, bigint>): unknown {
  if (typeof est === 'number') {
    const integer = integerByStandIn.get(Math.abs(est));
    if (integer === undefined) return est;
    return est < 0 ? -integer : integer;
  }
  if (Array.isArray(est)) return est.map((element) => restoreIntegers(element, integerByStandIn));
  if (typeof est !== 'object' || est === null) return est;
  return Object.fromEntries(
    Object.entries(est).map(([name, value]) => [name, restoreIntegers(value, integerByStandIn)]),
  );
}

export interface Position {
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1, in UTF-16 code units as editors count. */
  readonly column: number;
}

export function positionAt(text: string, offset: number): Position {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: offset - lineStart + 1 };
}

/** cedar-wasm counts in UTF-8 bytes; this is the same place in UTF-16 code units. */
export function offsetOfByte(text: string, byteOffset: number): number {
  return Buffer.from(text, 'utf8').subarray(0, byteOffset).toString('utf8').length;
}
