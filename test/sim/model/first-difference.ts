/** Where two states differ first, as a path and both values; null when they are the same. */
export function firstDifference(one: unknown, other: unknown, path = ''): string | null {
  if (Object.is(one, other)) return null;
  if (one instanceof Map && other instanceof Map) return ofMaps(one, other, path);
  if (!isObject(one) || !isObject(other)) return `${path}: ${text(one)} ≠ ${text(other)}`;
  // What was decoded has a class of its own: only what it holds counts.
  const keys = Object.keys(one);
  if (keys.length !== Object.keys(other).length) return `${path}: ${text(one)} ≠ ${text(other)}`;
  for (const key of keys) {
    const found = firstDifference(one[key], other[key], `${path}.${key}`);
    if (found !== null) return found;
  }
  return null;
}

function ofMaps(
  one: ReadonlyMap<unknown, unknown>,
  other: ReadonlyMap<unknown, unknown>,
  path: string,
): string | null {
  if (one.size !== other.size) return `${path}: ${one.size} ≠ ${other.size} entries`;
  for (const [key, value] of one) {
    const found = firstDifference(value, other.get(key), `${path}[${String(key)}]`);
    if (found !== null) return found;
  }
  return null;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function text(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}
